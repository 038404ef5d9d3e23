"""A state machine as a picture in SVG: states in rows from its start, the visited ones in color with their seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from local_aws.page.look import Visit

_WIDTH, _HEIGHT = 190, 40  # a state
_RIGHT, _DOWN = 206, 70  # the distances from one state to the next
_MARGIN = 12


def following(state: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    """The names of the states that can follow, and whether an error leads there."""
    for name in (state.get("Next"), *(choice.get("Next") for choice in state.get("Choices", ())), state.get("Default")):
        if name:
            yield name, False
    for catch in state.get("Catch", ()):
        yield catch["Next"], True


def rows(definition: Mapping[str, Any]) -> list[list[str]]:
    """The names of the states by their distance from the start, without steps back and without errors."""
    import networkx  # late: loading it takes longer than drawing, and most starts need no page

    graph = networkx.DiGraph()
    graph.add_nodes_from(definition["States"])
    errors = [(name, to) for name, state in definition["States"].items() for to, error in following(state) if error]
    graph.add_edges_from(
        (name, to) for name, state in definition["States"].items() for to, error in following(state) if not error
    )
    # A state that only errors lead to stands below those that lead there.
    graph.add_edges_from((name, to) for name, to in errors if not graph.in_degree(to))
    while not networkx.is_directed_acyclic_graph(graph):
        graph.remove_edge(*networkx.find_cycle(graph, definition["StartAt"])[-1][:2])
    return [list(each) for each in networkx.topological_generations(graph)]


def drawing(definition: Mapping[str, Any], visits: Mapping[str, Visit]) -> Markup:
    """The picture."""
    lines = rows(definition)
    places = {
        name: (_MARGIN + column * _RIGHT, _MARGIN + row * _DOWN)
        for row, line in enumerate(lines)
        for column, name in enumerate(line)
    }
    width = 2 * _MARGIN + max(len(line) for line in lines) * _RIGHT
    height = 2 * _MARGIN + len(lines) * _DOWN
    parts = [Markup('<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img">').format(width, height)]
    for name, state in definition["States"].items():
        parts += [_arrow(places[name], places[to], error, _on_path(name, to, visits)) for to, error in following(state)]
    parts += [_box(name, place, visits.get(name)) for name, place in places.items()]
    return Markup("\n").join([*parts, Markup("</svg>")])


def _on_path(name: str, to: str, visits: Mapping[str, Visit]) -> bool:
    order = list(visits)
    return name in visits and to in visits and order.index(to) > order.index(name)


def _arrow(start: tuple[int, int], end: tuple[int, int], error: bool, taken: bool) -> Markup:
    x, y = start[0] + _WIDTH // 2, start[1] + _HEIGHT
    to_x, to_y = end[0] + _WIDTH // 2, end[1]
    kind = " ".join(word for word, holds in (("error", error), ("taken", taken)) if holds)
    curve = f"M{x},{y} C{x},{y + 24} {to_x},{to_y - 24} {to_x},{to_y}"
    return Markup('<path class="{}" d="{}"/>').format(kind, curve)


def _box(name: str, place: tuple[int, int], visit: Visit | None) -> Markup:
    kind, seconds = "", ""
    if visit is not None:
        kind = "failed" if visit.failed else "running" if visit.seconds is None else "visited"
        seconds = "running" if visit.seconds is None else f"{visit.seconds:.1f} s"
    x, y = place
    middle = x + _WIDTH // 2
    return Markup(
        '<g class="{}"><rect x="{}" y="{}" width="{}" height="{}" rx="6"/>'
        '<text x="{}" y="{}">{}</text><text class="seconds" x="{}" y="{}">{}</text></g>'
    ).format(kind, x, y, _WIDTH, _HEIGHT, middle, y + (17 if seconds else 25), name, middle, y + 33, seconds)
