# ruff: noqa: N802, N815 - the game's functions, by their names
"""The windows of in-game apps: the functions of `ac` that make them, and objects that keep what they would show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

FAILED, DONE = -1, 1
Listener = Callable[..., Any]


@dataclass
class Control:
    """A window, or something in one."""

    id: int
    kind: str
    """app, label, button, spinner, progress bar, check box, text input, list box, graph"""
    parent: int | None
    text: str
    properties: dict[str, Any] = field(default_factory=dict)
    """what was set: x, y, width, height, visible, font_size, ..."""
    items: list[Any] = field(default_factory=list)
    """of a list box or graph"""
    value: float = 0.0
    listeners: dict[str, list[Listener]] = field(default_factory=dict)


def _setter(*names: str) -> Callable[..., int]:
    """A function of the game that sets properties of a control."""

    def set_properties(self: Windows, control: int, *values: Any) -> int:
        if control not in self.controls:
            return FAILED
        self.controls[control].properties.update(zip(names, values, strict=False))
        return DONE

    return set_properties


def _listening(event: str) -> Callable[..., int]:
    """A function of the game that registers a listener."""

    def add_listener(self: Windows, control: int, listener: Listener) -> int:
        if control not in self.controls or not callable(listener):
            return FAILED
        self.controls[control].listeners.setdefault(event, []).append(listener)
        return DONE

    return add_listener


class Windows:
    """All controls of all apps. Methods named as the game's functions are what `ac` offers; they return 1, or -1."""

    def __init__(self) -> None:
        self.controls: dict[int, Control] = {}

    # --- making ------------------------------------------------------------------------------------------------------
    def newApp(self, name: str) -> int:
        return self._add("app", None, name, title=name, visible=1)

    def addLabel(self, parent: int, text: str) -> int:
        return self._add("label", parent, text)

    def addButton(self, parent: int, text: str) -> int:
        return self._add("button", parent, text)

    def addSpinner(self, parent: int, text: str) -> int:
        return self._add("spinner", parent, text)

    def addProgressBar(self, parent: int, text: str) -> int:
        return self._add("progress bar", parent, text)

    def addCheckBox(self, parent: int, text: str) -> int:
        return self._add("check box", parent, text)

    def addTextInput(self, parent: int, text: str) -> int:
        return self._add("text input", parent, text)

    addInputText = addTextInput  # as the documentation spells it

    def addTextBox(self, parent: int, text: str) -> int:
        return self._add("text box", parent, text)

    def addListBox(self, parent: int, text: str) -> int:
        return self._add("list box", parent, text)

    def addGraph(self, parent: int, text: str) -> int:
        return self._add("graph", parent, text)

    # --- looks -------------------------------------------------------------------------------------------------------
    setTitle = _setter("title")
    setSize = _setter("width", "height")
    setPosition = _setter("x", "y")
    setTitlePosition = _setter("title_x", "title_y")
    setIconPosition = _setter("icon_x", "icon_y")
    setVisible = _setter("visible")
    setBackgroundOpacity = _setter("background_opacity")
    setBackgroundColor = _setter("background_red", "background_green", "background_blue")
    setBackgroundTexture = _setter("background_texture")
    drawBackground = _setter("background")
    drawBorder = _setter("border")
    setFontColor = _setter("red", "green", "blue", "alpha")
    setFontSize = _setter("font_size")
    setFontAlignment = _setter("alignment")
    setCustomFont = _setter("font", "italic", "bold")
    setFont = _setter("font", "size")
    setFocus = _setter("focus")
    setRange = _setter("low", "high")
    setStep = _setter("step")

    def initFont(self, *_: Any) -> int:
        return DONE

    # --- contents ----------------------------------------------------------------------------------------------------
    def setText(self, control: int, text: str) -> int:
        if control not in self.controls or not isinstance(text, str):
            return FAILED
        self.controls[control].text = text
        return DONE

    def getText(self, control: int) -> str | int:
        return self.controls[control].text if control in self.controls else FAILED

    def setValue(self, control: int, value: float) -> int:
        if control not in self.controls:
            return FAILED
        self.controls[control].value = value
        return DONE

    def getValue(self, control: int) -> float:
        return self.controls[control].value if control in self.controls else FAILED

    def getPosition(self, control: int) -> tuple[float, float] | int:
        return self._pair(control, "x", "y")

    def getSize(self, control: int) -> tuple[float, float] | int:
        return self._pair(control, "width", "height")

    def addItem(self, control: int, text: str) -> int:
        return self._append(control, text)

    def addSerieToGraph(self, control: int, red: float, green: float, blue: float) -> int:
        return self._append(control, [])

    def addValueToGraph(self, control: int, series: int, value: float) -> int:
        if control not in self.controls or not 0 <= series < len(self.controls[control].items):
            return FAILED
        self.controls[control].items[series].append(value)
        return DONE

    # Calls of list boxes that the game takes and ignores.
    removeItem = setItemNumberPerPage = highlightListBoxItem = setAllowMultiSelection = _setter()
    setAllowDeselection = getItemCount = getSelectedItems = _setter()

    # --- listeners ---------------------------------------------------------------------------------------------------
    addOnClickedListener = _listening("clicked")
    addOnValueChangeListener = _listening("value")
    addOnCheckBoxChanged = _listening("checked")
    addOnValidateListener = _listening("validated")
    addOnListBoxSelectionListener = _listening("selected")
    addOnListBoxDeselectionListener = _listening("deselected")
    addOnAppActivatedListener = _listening("activated")
    addOnAppDismissedListener = _listening("dismissed")
    addOnChatMessageListener = _listening("chat")
    addRenderCallback = _listening("render")

    def _add(self, kind: str, parent: int | None, text: str, **properties: Any) -> int:
        if (parent is not None and parent not in self.controls) or not isinstance(text, str):
            return FAILED
        control = len(self.controls) + 1
        self.controls[control] = Control(control, kind, parent, text, properties)
        return control

    def _append(self, control: int, item: Any) -> int:
        if control not in self.controls:
            return FAILED
        self.controls[control].items.append(item)
        return len(self.controls[control].items) - 1

    def _pair(self, control: int, first: str, second: str) -> tuple[float, float] | int:
        if control not in self.controls:
            return FAILED
        properties = self.controls[control].properties
        return float(properties.get(first, 0.0)), float(properties.get(second, 0.0))
