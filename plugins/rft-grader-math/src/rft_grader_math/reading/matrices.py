"""Carries out sums and products of matrices entry by entry, so that only matrices are left."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from rft_grader_math.errors import TooLargeError, UnreadableError
from rft_grader_math.nodes import Call, Matrix, Node, Number, is_expression, walk

MAX_MATRICES: Final = 4
MAX_PRODUCT: Final = 200
"""Multiplications of entries in one product of matrices."""


def carried_out(node: Node) -> Node:
    """Return a matrix for a sum, a multiple or a product of matrices, else the node."""
    if not isinstance(node, Call) or "matrix" not in node.facts:
        return node
    matrices = sum(isinstance(part, Matrix) for part in walk(node))
    if matrices > MAX_MATRICES:  # each product makes the entries of the next one longer
        raise TooLargeError(f"more than {MAX_MATRICES} matrices in one expression")
    args = [carried_out(arg) for arg in node.args]
    match node.op:
        case "neg":
            return _map(args[0], "neg")
        case "add":
            total = args[0]
            for arg in args[1:]:
                total = _sum(total, arg)
            return total
        case "mul":
            product = args[0]
            for arg in args[1:]:
                product = _product(product, arg)
            return product
    raise UnreadableError(f"{node.op} of a matrix")


def _map(node: Node, op: str) -> Node:
    if not isinstance(node, Matrix):
        return Call(op, (node,))
    return Matrix(tuple(tuple(Call(op, (entry,)) for entry in row) for row in node.rows))


def _sum(left: Node, right: Node) -> Node:
    if not isinstance(left, Matrix) or not isinstance(right, Matrix):
        raise UnreadableError("a matrix plus what is none")
    if _shape(left) != _shape(right):
        raise UnreadableError("a sum of matrices of different size")
    rows = zip(left.rows, right.rows, strict=True)
    return Matrix(
        tuple(
            tuple(Call("add", pair) for pair in zip(*pair_of_rows, strict=True))
            for pair_of_rows in rows
        )
    )


def _product(left: Node, right: Node) -> Node:
    if isinstance(left, Matrix) and isinstance(right, Matrix):
        return _matrix_product(left, right)
    matrix, factor = (left, right) if isinstance(left, Matrix) else (right, left)
    if not isinstance(matrix, Matrix):
        return Call("mul", (left, right))
    if not is_expression(factor):
        raise UnreadableError("a matrix times what is no number")
    return Matrix(
        tuple(tuple(Call("mul", (factor, entry)) for entry in row) for row in matrix.rows)
    )


def _matrix_product(left: Matrix, right: Matrix) -> Matrix:
    (rows, inner), (height, columns) = _shape(left), _shape(right)
    if inner != height:
        raise UnreadableError("a product of matrices whose sizes do not fit")
    if rows * inner * columns > MAX_PRODUCT:
        raise TooLargeError("a product of matrices with too many entries")
    return Matrix(
        tuple(tuple(_dot(row, right, column) for column in range(columns)) for row in left.rows)
    )


def _dot(row: tuple[Node, ...], right: Matrix, column: int) -> Node:
    total = Fraction(0)
    for i, entry in enumerate(row):
        other = right.rows[i][column]
        if not (isinstance(entry, Number) and isinstance(other, Number)):
            break
        total += entry.value * other.value
    else:
        return Number(total)
    terms = tuple(Call("mul", (entry, right.rows[i][column])) for i, entry in enumerate(row))
    return terms[0] if len(terms) == 1 else Call("add", terms)


def _shape(matrix: Matrix) -> tuple[int, int]:
    return len(matrix.rows), len(matrix.rows[0])


MAX_DETERMINANT: Final = 4
"""Rows of a determinant that is written out."""


def determinant(matrix: Matrix) -> Node:
    """Return the determinant of a small square matrix, expanded by its first row."""
    rows = matrix.rows
    if len(rows) != len(rows[0]):
        raise UnreadableError("the determinant of a matrix that is not square")
    if len(rows) > MAX_DETERMINANT:
        raise TooLargeError(f"a determinant of more than {MAX_DETERMINANT} rows")
    if len(rows) == 1:
        return rows[0][0]
    terms: list[Node] = []
    for column, entry in enumerate(rows[0]):
        rest = tuple(row[:column] + row[column + 1 :] for row in rows[1:])
        term: Node = Call("mul", (entry, determinant(Matrix(rest))))
        terms.append(Call("neg", (term,)) if column % 2 else term)
    return Call("add", tuple(terms))
