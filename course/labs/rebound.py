"""Find answers that give a new meaning to what the tests use.

A notebook's tests run beside a student's code, so code that rebinds `check_close`, sets
`np.exp` or reaches into IPython can make them pass. No program can tell deceit from a
clumsy name: what is found here is for a person to look at.
"""

import ast


def rebound(notebook, released):
    """Return what a submission rebinds of the names that the tests rely on.

    Args:
        notebook: as handed in.
        released: the students' copy of the lab.

    Returns:
        list of str in order, such as `"check_close"`, `"np.exp"` or `"get_ipython"`;
        empty where there is nothing to look at.
    """
    imports = {}
    for cell in _code_cells(released):
        if cell.metadata.get("nbgrader", {}).get("locked"):
            imports |= _imports_of(_tree_of(cell.source))
    locked = {
        _name_of(cell)
        for cell in _code_cells(released)
        if cell.metadata.get("nbgrader", {}).get("locked")
    }
    found = set()
    for cell in _code_cells(notebook):
        if _name_of(cell) is None or _name_of(cell) not in locked:
            found |= _found_in(_tree_of(cell.source), imports)
            if "get_ipython" in cell.source:
                found.add("get_ipython")
    return sorted(found)


def _code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _name_of(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def _tree_of(source):
    """Return the syntax tree of a cell without magics; an empty one of no Python."""
    lines = source.splitlines()
    lines = ["" if line.lstrip().startswith(("%", "!")) else line for line in lines]
    try:
        return ast.parse("\n".join(lines))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def _imports_of(tree):
    """Return `{name: what it stands for}` of the imports at the top of a cell."""
    return {
        name: target
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name, target in _targets_of(node)
    }


def _targets_of(node):
    """Return pairs of a name that an import binds, and what it stands for."""
    if isinstance(node, ast.Import):
        names = [(a.asname or a.name.split(".")[0], a) for a in node.names]
        return [(name, a.name if a.asname else name) for name, a in names]
    return [(a.asname or a.name, f"{node.module}.{a.name}") for a in node.names]


def _found_in(tree, imports):
    """Return the imported names that a cell binds anew, and what it sets in them."""
    found = set()
    for node in _in_the_namespace(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound = {
                name
                for name, target in _targets_of(node)
                if imports.get(name, target) != target
            }
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound = {node.name}
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound = {node.id}
        else:
            bound = set()
        found |= bound & set(imports)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            if _root_of(node) in imports:
                found.add(ast.unparse(node))
        elif isinstance(node, ast.Call) and _is_setter(node):
            if node.args and _root_of(node.args[0]) in imports:
                found.add(ast.unparse(node.args[0]))
        elif isinstance(node, ast.Global):
            found |= set(node.names) & set(imports)
    return found


def _in_the_namespace(tree):
    """Return the nodes of a cell that bind names of the notebook itself."""
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    scopes = (*inner, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    waiting, found = list(tree.body), []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, scopes):
            waiting += ast.iter_child_nodes(node)
    return found


def _is_setter(call):
    return ast.unparse(call.func).split(".")[-1] in ("setattr", "delattr")


def _root_of(node):
    """Return the name that an attribute or an item belongs to, or `None`."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None
