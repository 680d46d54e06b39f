"""The apps' windows: what they set can be read back and seen, what a player does reaches them."""

from __future__ import annotations

from typing import Any

import pytest

from ac_gym.errors import UnknownNameError
from ac_gym.standin.screen import Screen
from ac_gym.standin.windows import Windows


class Heard(list[tuple[Any, ...]]):
    """Remembers what a listener is called with."""

    def __call__(self, *arguments: Any) -> None:
        self.append(arguments)


@pytest.fixture
def windows() -> Windows:
    return Windows()


@pytest.fixture
def screen(windows: Windows) -> Screen:
    return Screen(windows, lambda function, *arguments: function(*arguments))


def test_labels_keep_their_text(windows: Windows, screen: Screen) -> None:
    app = windows.newApp("Board")
    first, second = windows.addLabel(app, "speed"), windows.addLabel(app, "gear")
    assert len({app, first, second}) == 3
    assert windows.setText(first, "120 km/h") == 1
    assert windows.getText(first) == "120 km/h"
    assert screen.texts("Board") == ["120 km/h", "gear"]
    windows.setVisible(first, 0)
    assert screen.texts("Board") == ["gear"]


def test_sizes_and_places_are_read_back(windows: Windows) -> None:
    app = windows.newApp("Board")
    assert windows.getPosition(app) == (0.0, 0.0)
    assert windows.setSize(app, 300, 200) == windows.setPosition(app, 10, 20) == 1
    assert windows.getSize(app) == (300.0, 200.0)
    assert windows.getPosition(app) == (10.0, 20.0)


def test_what_does_not_exist_answers_minus_one(windows: Windows) -> None:
    failed = [
        windows.setText(99, "text"), windows.getText(99), windows.setSize(99, 1, 1), windows.getPosition(99),
        windows.addLabel(99, "text"), windows.addButton(99, "text"), windows.setValue(99, 1.0), windows.getValue(99),
        windows.addOnClickedListener(99, print), windows.addRenderCallback(99, print), windows.setTitle(99, "title"),
        windows.addItem(99, "item"), windows.addSerieToGraph(99, 1, 0, 0), windows.addValueToGraph(99, 0, 1.0),
    ]  # fmt: skip
    assert failed == [-1] * len(failed)


def test_wrong_types_answer_minus_one(windows: Windows) -> None:
    app = windows.newApp("Board")
    assert windows.setText(app, 5) == -1  # type: ignore[arg-type]
    assert windows.addLabel(app, None) == -1  # type: ignore[arg-type]
    assert windows.addOnClickedListener(app, "not a function") == -1  # type: ignore[arg-type]


def test_a_click_reaches_the_app_with_its_place(windows: Windows, screen: Screen) -> None:
    app = windows.newApp("Board")
    button = windows.addButton(app, "Record")
    windows.setPosition(button, 30, 40)
    heard = Heard()
    windows.addOnClickedListener(button, heard)
    screen.click("Board", "Record")
    assert heard == [(30, 40)]
    with pytest.raises(UnknownNameError, match="did you mean Record"):
        screen.click("Board", "Recrod")
    with pytest.raises(UnknownNameError, match="Board"):
        screen.click("Bord", "Record")


def test_check_boxes_spinners_and_texts(windows: Windows, screen: Screen) -> None:
    app = windows.newApp("Board")
    box, spinner, text = (
        windows.addCheckBox(app, "On"),
        windows.addSpinner(app, "Rate"),
        windows.addTextInput(app, "IP"),
    )
    checked, spun, typed = Heard(), Heard(), Heard()
    windows.addOnCheckBoxChanged(box, checked)
    windows.addOnValueChangeListener(spinner, spun)
    windows.addOnValidateListener(text, typed)
    windows.setRange(spinner, 0, 100)
    windows.setValue(spinner, 20)
    assert windows.getValue(spinner) == 20
    screen.click("Board", "On")
    screen.click("Board", "On")
    screen.spin("Board", "Rate", 50)
    screen.type("Board", "IP", "127.0.0.1")
    assert (checked, spun, typed) == ([("On", 1), ("On", -1)], [(50,)], [("127.0.0.1",)])
    assert (windows.getValue(spinner), windows.getText(text)) == (50, "127.0.0.1")


def test_only_open_windows_are_drawn(windows: Windows, screen: Screen) -> None:
    app = windows.newApp("Board")
    drawn, opened, closed = Heard(), Heard(), Heard()
    windows.addRenderCallback(app, drawn)
    windows.addOnAppActivatedListener(app, opened)
    windows.addOnAppDismissedListener(app, closed)
    screen.draw(0.02)
    screen.show("Board", False)
    screen.draw(0.02)
    screen.show("Board")
    screen.draw(0.04)
    assert drawn == [(0.02,), (0.04,)]
    assert (opened, closed) == ([(app,)], [(app,)])


def test_lists_and_graphs_keep_what_they_are_given(windows: Windows, screen: Screen) -> None:
    app = windows.newApp("Board")
    box, graph = windows.addListBox(app, "laps"), windows.addGraph(app, "speed")
    assert [windows.addItem(box, "1:52"), windows.addItem(box, "1:51")] == [0, 1]
    assert windows.getItemCount(box) == 1  # as in the game, it counts nothing and says that it worked
    assert windows.addSerieToGraph(graph, 1, 0, 0) == 0
    assert windows.addValueToGraph(graph, 0, 5.0) == 1
    assert windows.addValueToGraph(graph, 1, 5.0) == -1
    assert [control.items for control in screen.contents("Board")] == [["1:52", "1:51"], [[5.0]]]
