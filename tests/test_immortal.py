"""Signals do not wear `True` out."""

import subprocess
import sys

CODE = """
import lama_desktop.immortal
from PySide6.QtCore import QObject, Signal

class Sender(QObject):
    sent = Signal(int)

sender = Sender()
sender.sent.connect(lambda number: None)
for number in range(50_000):
    sender.sent.emit(number)
"""


def test_many_signals_do_not_end_the_program():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
