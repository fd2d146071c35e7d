"""Right answers of every kind pass a lab's tests, and wrong ones do not.

The cells run in this process, by the code that decides in grading what a failure is.
"""

import pytest

pytest.importorskip("nbgrader", reason="nbgrader is not installed (group teach)")

from course.labs import grade

from lab_runs import bank_of, cheats_of, execute, parts_of, run, stub_of
from submissions import WARNS

LABS = grade.names()
LEAST_RIGHT, LEAST_WRONG = 2, 20  # a task's further answers; a lab's wrong ones


def variants_of(lab):
    """Return `{answer: {label: code}}` of right and of wrong answers."""
    right, wrong = bank_of(lab)
    right = {
        name: {f"{name}, variant {i}": code for i, code in enumerate(codes, start=1)}
        for name, codes in right.items()
    }
    models = {part["name"]: part["code"][0] for part in parts_of(lab)}
    wrong = {
        name: {f"{name}: {label}": changed(models[name], how) for label, how in faults}
        for name, faults in ((name, found.items()) for name, found in wrong.items())
    }
    for part in parts_of(lab):
        warning = part["code"][0] + WARNS.format(names=part["defines"])
        right[part["name"]][f"{part['name']}, warning at each call"] = warning
    return right, wrong


def changed(model, how):
    """Return code, or a model answer in which texts have been replaced."""
    if isinstance(how, str):
        return how
    for old, new in how:
        assert old in model, f"not in the model answer: {old}"
        model = model.replace(old, new)
    return model


@pytest.mark.parametrize("lab", LABS)
def test_a_bank_has_right_and_wrong_answers_to_each_task(lab):
    names = {part["name"] for part in parts_of(lab)}
    right, wrong = variants_of(lab)
    assert set(right) == set(wrong) == names
    assert all(len(found) > LEAST_RIGHT for found in right.values())
    assert all(len(found) >= 3 for found in wrong.values())
    assert sum(map(len, wrong.values())) >= LEAST_WRONG


@pytest.mark.labs
@pytest.mark.parametrize("lab", LABS)
def test_right_answers_pass_and_wrong_ones_fail(lab):
    right, wrong = variants_of(lab)
    parts = parts_of(lab)
    names = [part["name"] for part in parts]
    namespace, found = {"__name__": "__main__"}, []
    run(lab, {}, namespace=namespace, stop=names[0])
    for part, stop in zip(parts, [*names[1:], None], strict=True):
        name, before = part["name"], dict(namespace)
        for answers, is_right in ((right[name], True), (wrong[name], False)):
            for label, code in answers.items():
                errors = run(
                    lab, {name: code}, namespace=namespace, start=name, stop=stop
                )
                if is_right and errors:
                    found.append(f"refused: {label}: {errors}")
                if not is_right and not errors:
                    found.append(f"accepted: {label}")
                namespace.clear()
                namespace.update(before)
        assert not run(lab, {}, namespace=namespace, start=name, stop=stop)
    assert not found, "\n".join(found)


@pytest.mark.labs
@pytest.mark.parametrize("lab", LABS)
def test_a_part_left_out_costs_its_own_tests_alone(lab):
    parts = parts_of(lab)
    namespace = {"__name__": "__main__"}
    run(lab, {}, namespace=namespace, stop=parts[0]["name"])
    for part, after in zip(parts, [*parts[1:], None], strict=True):
        before = dict(namespace)
        left_out = {part["name"]: stub_of(part)}
        failed = set(run(lab, left_out, namespace=namespace, start=part["name"]))
        assert failed <= part["cells"], failed
        assert {name for name in part["cells"] if is_test(name)} <= failed
        namespace.clear()
        namespace.update(before)
        stop = after and after["name"]
        run(lab, {}, namespace=namespace, start=part["name"], stop=stop)


@pytest.mark.labs
@pytest.mark.parametrize("lab", LABS)
def test_answers_that_only_look_right_earn_nothing(lab):
    cheats, parts = cheats_of(lab), parts_of(lab)
    assert set(cheats) == {part["name"] for part in parts}
    failed = set(run(lab, cheats))
    for part in parts:
        assert {name for name in part["cells"] if is_test(name)} <= failed


def is_test(cell):
    return cell.endswith(("-tests", "-better"))


def test_code_that_fails_says_so_and_code_that_warns_does_not():
    assert isinstance(execute("1 / 0", {}), ZeroDivisionError)
    assert isinstance(execute("def (", {}), SyntaxError)
    assert execute("import warnings; warnings.warn('careful')", {}) is None
