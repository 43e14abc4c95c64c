"""The layered drawing: what it promises holds for any graph, and it is quick."""

from __future__ import annotations

import time
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from journeyfold.console.layered import GAP_X, Box, Way, layered

NAMES = [f"s{number}" for number in range(12)]


@st.composite
def graphs(draw):
    count = draw(st.integers(1, len(NAMES)))
    names = NAMES[:count]
    extents = st.integers(10, 140)
    boxes = {
        name: Box(draw(extents), draw(extents), draw(st.sampled_from([16, 40, 46])))
        for name in names
    }
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=24))
    return boxes, [Way(*pair) for pair in dict.fromkeys(pairs)]


def corners(boxes, drawing):
    return {
        name: (at.x - boxes[name].left, at.y, at.x + boxes[name].right, at.y + boxes[name].height)
        for name, at in drawing.places.items()
    }


@given(graphs())
def test_no_box_meets_another(graph):
    boxes, ways = graph
    drawn = corners(boxes, layered(boxes, ways))
    for (ax, ay, ar, ab), (bx, by, br, bb) in combinations(drawn.values(), 2):
        assert ar + GAP_X - 2 <= bx or br + GAP_X - 2 <= ax or ab < by or bb < ay


@given(graphs())
def test_no_way_crosses_a_box(graph):
    boxes, ways = graph
    drawing = layered(boxes, ways)
    drawn = corners(boxes, drawing)
    for route in drawing.routes:
        for (ax, ay), (bx, by) in pairwise(route.points):
            for left, top, right, bottom in drawn.values():
                for part in range(1, 20):
                    x, y = ax + (bx - ax) * part / 20, ay + (by - ay) * part / 20
                    assert not (left < x < right and top < y < bottom)


@given(graphs())
def test_a_way_joins_its_two_boxes(graph):
    boxes, ways = graph
    drawing = layered(boxes, ways)
    drawn = corners(boxes, drawing)
    for way, route in zip(ways, drawing.routes, strict=True):
        (x, y), (u, v) = route.points[0], route.points[-1]
        left, _, right, bottom = drawn[way.source]
        assert left <= x <= right
        assert y == bottom
        left, top, right, _ = drawn[way.target]
        assert left <= u <= right
        assert v == top


@given(graphs())
def test_a_way_that_does_not_go_back_goes_down(graph):
    boxes, ways = graph
    for route in layered(boxes, ways).routes:
        heights = [y for _, y in route.points]
        assert route.is_back or heights == sorted(heights)


@given(graphs())
def test_everything_lies_inside(graph):
    boxes, ways = graph
    drawing = layered(boxes, ways)
    for left, top, right, bottom in corners(boxes, drawing).values():
        assert left >= -1
        assert top >= 0
        assert right <= drawing.width + 1
        assert bottom <= drawing.height
    for route in drawing.routes:
        assert all(-1 <= x <= drawing.width + 1 for x, _ in route.points)


@given(graphs())
def test_the_same_graph_gives_the_same_drawing(graph):
    boxes, ways = graph
    assert layered(boxes, ways) == layered(dict(boxes), list(ways))


def test_a_chain_is_straight():
    boxes = {name: Box(90, 90, 46) for name in NAMES}
    drawing = layered(boxes, [Way(one, after) for one, after in pairwise(NAMES)])
    assert {place.x for place in drawing.places.values()} == {90}
    assert not any(route.is_back for route in drawing.routes)


def test_two_arms_stand_left_and_right_of_their_split():
    boxes = {name: Box(90, 90, 46) for name in ("split", "a", "b", "end")}
    ways = [Way("split", "a"), Way("split", "b"), Way("a", "end"), Way("b", "end")]
    at = layered(boxes, ways).places
    assert at["a"].x < at["split"].x < at["b"].x
    assert abs(at["a"].x + at["b"].x - 2 * at["split"].x) <= 2
    assert at["split"].x == at["end"].x


def test_a_circle_goes_back_in_a_lane_beside_the_boxes():
    boxes = {name: Box(90, 90, 46) for name in ("one", "two")}
    drawing = layered(boxes, [Way("one", "two"), Way("two", "one", 40)])
    back = drawing.routes[1]
    assert back.is_back
    assert max(x for x, _ in back.points) > 180
    assert drawing.width >= max(x for x, _ in back.points) + 40


def test_500_steps_are_drawn_in_a_moment():
    names = [f"s{number}" for number in range(500)]
    boxes = {name: Box(90, 90, 46) for name in names}
    ways = [Way(one, after) for one, after in pairwise(names)]
    ways += [Way(names[at], names[at + 9]) for at in range(0, 480, 10)]
    started = time.process_time()
    drawing = layered(boxes, ways)
    assert time.process_time() - started < 5
    assert len(drawing.places) == 500
