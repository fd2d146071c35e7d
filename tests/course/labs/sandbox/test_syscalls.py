"""The filter's program, run by a small machine as the kernel would run it."""

import errno
import struct

from course.labs.sandbox import syscalls

import pytest


def answer(machine, number, *arguments, arch=None):
    """Return what the filter answers to a system call."""
    arch = syscalls.MACHINES[machine] if arch is None else arch
    arguments = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("=IIQ6Q", number, arch, 0, *arguments)
    program = list(struct.iter_unpack("=HBBI", syscalls.make_filter(machine)))
    at, value = 0, None
    while True:
        code, if_true, if_false, operand = program[at]
        at += 1
        if code == syscalls.RETURN:
            return operand
        if code == syscalls.LOAD:
            (value,) = struct.unpack_from("=I", data, operand)
        elif code == syscalls.AND:
            value &= operand
        else:
            holds = {
                syscalls.IF_EQUAL: value == operand,
                syscalls.IF_AT_LEAST: value >= operand,
                syscalls.IF_ANY_BIT: bool(value & operand),
            }[code]
            at += if_true if holds else if_false


MACHINES = pytest.mark.parametrize(
    ("machine", "column"), [(m, i) for i, m in enumerate(syscalls.MACHINES)]
)
NOT_PERMITTED = syscalls.REFUSE | errno.EPERM
NOT_THERE = syscalls.REFUSE | errno.ENOSYS


@MACHINES
def test_the_calls_of_the_table_are_refused_and_others_are_not(machine, column):
    refused = {numbers[column] for numbers in syscalls.NUMBERS.values()}
    special = {syscalls.CLONE3[column]}
    for number in range(500):
        expected = NOT_PERMITTED if number in refused else syscalls.ALLOW
        if number in special:
            expected = NOT_THERE
        assert answer(machine, number) == expected, number


@MACHINES
def test_a_process_may_be_made_but_no_namespace(machine, column):
    clone, fork, thread = syscalls.CLONE[column], 17, 0x3D0F00
    assert answer(machine, clone, fork) == syscalls.ALLOW
    assert answer(machine, clone, thread) == syscalls.ALLOW
    for bit in (17, 25, 26, 27, 28, 29, 30):  # mnt, cgroup, uts, ipc, user, pid, net
        assert answer(machine, clone, fork | 1 << bit) == NOT_PERMITTED


@MACHINES
def test_memory_may_be_private_or_of_a_file(machine, column):
    shared, private, validated, anonymous = 1, 2, 3, 0x20
    call = syscalls.MMAP[column]
    for flags in (private, private | anonymous, shared, 0x4000 | private | anonymous):
        assert answer(machine, call, 0, 4096, 3, flags) == syscalls.ALLOW
    for flags in (shared | anonymous, validated | anonymous):
        assert answer(machine, call, 0, 4096, 3, flags) == NOT_PERMITTED


def test_other_ways_of_calling_are_refused():
    i386 = 0x40000003
    assert answer("x86_64", 5, arch=i386) == syscalls.KILL
    assert answer("x86_64", syscalls.OTHER_ABI | 1) == NOT_THERE


def test_an_unknown_machine_is_refused():
    with pytest.raises(ValueError, match="x86_64, aarch64, got 'vax'"):
        syscalls.make_filter("vax")
