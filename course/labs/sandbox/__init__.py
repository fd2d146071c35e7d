"""Where a student's code runs: it can harm nobody, and everything it takes is bounded.

| Module | What it does |
| --- | --- |
| `start` | starts a program in the sandbox, and stays outside to end it |
| `limits` | limits a process and what it starts; runs inside, before the program |
| `syscalls` | makes the filter of system calls |
| `watch` | measures the memory of all processes together, from outside |
| `bounds` | says which of these bounds cannot be had on this system |
| `probe` | tries them from inside, for `bounds` |

`course.labs.grade` asks `bounds` first, then gives nbgrader a kernel that `start`
starts.
"""
