"""Checks of `$ref`s before anything is judged: each must resolve locally and get somewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from referencing.exceptions import Unresolvable

from rft_grader_jsonschema.drafts import Schema
from rft_grader_jsonschema.source import SchemaSource
from rft_grader_jsonschema.walk import IN_PLACE, children

_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")


@dataclass(frozen=True)
class _Node:
    """A subschema and the base URI that its references start from, held by the resolver.

    Resolvers are `Any`: referencing does not export their class.
    """

    schema: dict[str, Any]
    resolver: Any


@dataclass(frozen=True)
class _Visited:
    """A subschema, and the identities of those that judge the same value as part of it."""

    schema: dict[str, Any]
    in_place: Sequence[int]


def check_references(source: SchemaSource) -> None:
    """Raise `ValueError` if a reference cannot be resolved or leads back to itself at once."""
    _refuse_loops({key: one.in_place for key, one in _visit(source).items()})


def reachable(source: SchemaSource) -> Sequence[dict[str, Any]]:
    """Return every subschema that may take part in a verdict; `ValueError` as above."""
    return [one.schema for one in _visit(source).values()]


def _visit(source: SchemaSource) -> Mapping[int, _Visited]:
    """Visit everything reachable from the root, by identity."""
    if isinstance(source.root, bool):
        return {}
    resource = source.draft.specification.create_resource(source.root)
    resolver = source.registry.resolver(source.uri).in_subresource(resource)
    visited: dict[int, _Visited] = {}
    todo = [_Node(source.root, resolver)]
    while todo:
        node = todo.pop()
        if id(node.schema) in visited:
            continue
        targets = list(_targets(node))
        below = list(_subnodes(source, node))
        in_place = [child for keyword, child in below if keyword in IN_PLACE]
        visited[id(node.schema)] = _Visited(
            node.schema, [id(one.schema) for one in (*targets, *in_place)]
        )
        todo += [*targets, *(child for _, child in below)]
    return visited


def _subnodes(source: SchemaSource, node: _Node) -> Iterator[tuple[Any, _Node]]:
    for steps, child in children(node.schema):
        if isinstance(child, dict):
            resource = source.draft.specification.create_resource(child)
            yield steps[0], _Node(child, node.resolver.in_subresource(resource))


def _targets(node: _Node) -> Iterator[_Node]:
    for keyword in _REFERENCES:
        reference = node.schema.get(keyword)
        if isinstance(reference, str):
            found, resolver = _resolve(node.resolver, keyword, reference)
            if isinstance(found, dict):
                yield _Node(found, resolver)


def _resolve(resolver: Any, keyword: str, reference: str) -> tuple[Schema, Any]:
    try:
        resolved = resolver.lookup(reference)
    except (Unresolvable, ValueError) as error:
        raise ValueError(
            f"{keyword} {reference!r} cannot be resolved, and references are never fetched, neither"
            " from the web nor from files; put what it refers to into the schema's $defs, or name"
            " it in resources"
        ) from error
    return resolved.contents, resolved.resolver


def _refuse_loops(graph: Mapping[int, Sequence[int]]) -> None:
    """Raise `ValueError` if a schema judges a value by judging that value by itself."""
    finished: set[int] = set()
    for start, successors in graph.items():
        path: list[tuple[int, Iterator[int]]] = [(start, iter(successors))]
        on_path = {start}
        while path:
            node, following = path[-1]
            successor = next((one for one in following if one not in finished), None)
            if successor in on_path:
                raise ValueError("a $ref leads back to itself without descending into the document")
            if successor is None:
                path.pop()
                finished.add(node)
                on_path.discard(node)
            else:
                path.append((successor, iter(graph[successor])))
                on_path.add(successor)
