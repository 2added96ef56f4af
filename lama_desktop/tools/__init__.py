"""TOOLS: every tool, in the order of the toolbox."""

from lama_desktop.tools.brush import BrushTool, EraserTool
from lama_desktop.tools.lasso import LassoTool, PolygonTool
from lama_desktop.tools.marquee import EllipseTool, RectangleTool
from lama_desktop.tools.move import MoveTool
from lama_desktop.tools.navigate import HandTool, ZoomTool
from lama_desktop.tools.object_select import ObjectTool
from lama_desktop.tools.tool import Tool
from lama_desktop.tools.wand import WandTool

TOOLS: tuple[type[Tool], ...] = (
    BrushTool,
    EraserTool,
    LassoTool,
    PolygonTool,
    RectangleTool,
    EllipseTool,
    WandTool,
    ObjectTool,
    MoveTool,
    HandTool,
    ZoomTool,
)
