"""The app's window: a few lines of text and the Record button. Main thread only."""

_WIDTH, _LINE, _TOP = 480, 20, 36


class Window(object):
    """`lines` lines of text; `record` is called when the button is clicked."""

    def __init__(self, ac, title, lines, record):
        self._ac = ac
        self._record = record
        self._shown = {}
        window = ac.newApp(title)
        ac.setTitle(window, title)
        ac.setSize(window, _WIDTH, _TOP + _LINE * (lines + 2))
        self._labels = [self._label(window, _TOP + _LINE * line) for line in range(lines)]
        self._button = ac.addButton(window, "Record")
        ac.setPosition(self._button, 10, _TOP + _LINE * lines + 6)
        ac.setSize(self._button, 120, 24)
        self._on_click = lambda *_: self._record()  # the game keeps no reference of its own
        ac.addOnClickedListener(self._button, self._on_click)

    def show(self, lines, recording):
        for label, text in zip(self._labels, lines):
            self._set(label, text)
        self._set(self._button, "Stop" if recording else "Record")

    def _label(self, window, y):
        label = self._ac.addLabel(window, "")
        self._ac.setPosition(label, 10, y)
        return label

    def _set(self, control, text):
        if self._shown.get(control) != text:
            self._shown[control] = text
            self._ac.setText(control, text)
