"""Remove what is selected, with LaMa Desktop: Krita imports this package and asks for its extension."""

from krita import Krita

from lama_desktop_krita.extension import LamaDesktop

Krita.instance().addExtension(LamaDesktop(Krita.instance()))
