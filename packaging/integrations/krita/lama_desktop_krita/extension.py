"""The menu entries in Krita, the dialog that asks for model and program, and the progress with its Cancel button."""

from krita import Extension, Krita
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QProgressDialog,
    QPushButton,
)

from lama_desktop_krita import lama_program as program_calls
from lama_desktop_krita.removal import remove_selection

GROUP, MODEL, PROGRAM = "lama_desktop", "model", "program"
TITLE = "LaMa Desktop"
BEST = "The best that is installed"
_LATER_MS = 200


class LamaDesktop(Extension):
    """Two entries in Tools > Scripts."""

    def setup(self):
        """Nothing: everything is asked for when it is needed."""

    def createActions(self, window):
        """Make the menu entries of one window."""
        entries = (
            ("lama_desktop_remove", "Remove Selection (LaMa Desktop)", self.remove),
            ("lama_desktop_remove_with", "Remove Selection With… (LaMa Desktop)", self.remove_with),
        )
        for name, text, call in entries:
            window.createAction(name, text, "tools/scripts").triggered.connect(call)

    def remove(self):
        """Fill the selection of the document in front, as the last time."""
        application = Krita.instance()
        document = application.activeDocument()
        if document is None:
            _say("Open a picture first.")
            return
        try:
            program = program_calls.find(application.readSetting(GROUP, PROGRAM, ""))
            with _Progress() as progress:
                layer = remove_selection(document, program, application.readSetting(GROUP, MODEL, ""), progress.tick)
            if layer is None:
                _say("The fill is equal to what was there.")
            else:  # once Krita's window knows the layer, which it learns later
                QTimer.singleShot(_LATER_MS, lambda: document.setActiveNode(layer))
        except program_calls.Stopped:
            pass
        except (program_calls.Failed, OSError, ValueError) as error:
            _say(str(error))

    def remove_with(self):
        """Ask for the model and the program, remember them, and fill."""
        dialog = _Choice()
        if dialog.exec_() == QDialog.Accepted:
            dialog.remember()
            self.remove()


class _Choice(QDialog):
    """Which model, and where the program is."""

    def __init__(self):
        application = Krita.instance()
        super().__init__(application.activeWindow().qwindow())
        self.setWindowTitle("Remove Selection")
        self._program = QLineEdit(application.readSetting(GROUP, PROGRAM, ""))
        self._program.setPlaceholderText("lama-desktop, as it is found")
        self._program.setMinimumWidth(280)
        self._program.editingFinished.connect(self._list)
        choose = QPushButton("Choose…")
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.addWidget(self._program)
        row.addWidget(choose)
        self._model = QComboBox()
        buttons = QDialogButtonBox(QDialogButtonBox.Ok | QDialogButtonBox.Cancel)
        buttons.button(QDialogButtonBox.Ok).setText("Remove")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form = QFormLayout(self)
        form.addRow("Model:", self._model)
        form.addRow("Program:", row)
        form.addRow(buttons)
        self._list()

    def remember(self):
        """Keep what was chosen."""
        application = Krita.instance()
        application.writeSetting(GROUP, PROGRAM, self._program.text().strip())
        application.writeSetting(GROUP, MODEL, self._model.currentData() or "")

    def _choose(self):
        name, _ = QFileDialog.getOpenFileName(self, "Where lama-desktop is", self._program.text())
        if name:
            self._program.setText(name)
            self._list()

    def _list(self):
        try:
            names = program_calls.models(program_calls.find(self._program.text().strip()))
        except program_calls.Failed:
            names = []
        last = Krita.instance().readSetting(GROUP, MODEL, "")
        self._model.clear()
        self._model.addItem(BEST, "")
        for name in names:
            self._model.addItem(name, name)
        self._model.setCurrentIndex(max(0, self._model.findData(last)))


class _Progress:
    """A dialog that moves while the program works; the rest of Krita waits."""

    def __enter__(self):
        self._dialog = QProgressDialog(
            "Removing what is selected…", "Cancel", 0, 0, Krita.instance().activeWindow().qwindow()
        )
        self._dialog.setWindowTitle(TITLE)
        self._dialog.setWindowModality(Qt.WindowModal)
        self._dialog.setMinimumDuration(300)
        return self

    def __exit__(self, *_):
        self._dialog.close()

    def tick(self):
        """Let Krita paint; tell whether to go on."""
        self._dialog.setValue(0)
        QApplication.processEvents()
        return not self._dialog.wasCanceled()


def _say(text):
    QMessageBox.information(Krita.instance().activeWindow().qwindow(), TITLE, text)
