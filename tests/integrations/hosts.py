"""Stand-ins for what GIMP and Krita give to a plug-in: as much as ours use, over numpy arrays."""

from types import SimpleNamespace

import numpy as np


class KritaNode:
    def __init__(self, name, parent=None):
        self.label, self.parent, self.children, self.data = name, parent, [], None
        self.space, self.inherits_alpha = None, False

    def name(self):
        return self.label

    def parentNode(self):
        return self.parent

    def addChildNode(self, child, above):
        self.children.insert(self.children.index(above) + 1, child)
        child.parent = self

    def setColorSpace(self, *space):
        self.space = space

    def setInheritAlpha(self, on):
        self.inherits_alpha = on

    def setPixelData(self, data, x, y, width, height):
        self.data = (bytes(data), x, y, width, height)


class KritaDocument:
    """A document with one layer; its pixels are BGRA."""

    def __init__(self, rgba, selected=None, space=("RGBA", None, "sRGB-elle-V2-srgbtrc.icc")):
        self.array = rgba
        self.model, depth, self.profile = space
        self.depth = depth or f"U{rgba.itemsize * 8}"
        self.root = KritaNode("root")
        self.layer = KritaNode("Background", self.root)
        self.root.children.append(self.layer)
        self.selected, self.closed = selected, False

    def width(self):
        return self.array.shape[1]

    def height(self):
        return self.array.shape[0]

    def colorModel(self):
        return self.model

    def colorDepth(self):
        return self.depth

    def colorProfile(self):
        return self.profile

    def selection(self):
        if self.selected is None:
            return None
        x, y, coverage = self.selected
        height, width = coverage.shape
        return SimpleNamespace(
            x=lambda: x,
            y=lambda: y,
            width=lambda: width,
            height=lambda: height,
            pixelData=lambda left, top, w, h: coverage.tobytes(),
        )

    def pixelData(self, x, y, width, height):
        return np.ascontiguousarray(self.array[..., [2, 1, 0, 3]]).tobytes()

    def clone(self):
        return KritaDocument(self.array, self.selected, (self.model, self.depth, self.profile))

    def setColorSpace(self, model, depth, profile):
        bits = 16 if depth == "U16" else 8
        if self.array.itemsize * 8 != bits:
            self.array = self.array.astype(np.uint16) * 257
        self.model, self.depth, self.profile = model, depth, profile

    def createNode(self, name, kind):
        assert kind == "paintlayer"
        return KritaNode(name)

    def activeNode(self):
        return self.layer

    def topLevelNodes(self):
        return self.root.children

    def close(self):
        self.closed = True

    def waitForDone(self):
        pass

    refreshProjection = waitForDone

    def setBatchmode(self, on):
        pass


class GeglBuffer:
    """Pixels of one kind, asked for in the formats that our plug-in uses."""

    def __init__(self, array):
        self.array = array

    def get(self, rectangle, scale, form, abyss):
        assert scale == 1.0
        array = self.array
        if form.endswith("u16") and array.dtype == np.uint8:
            array = array.astype(np.uint16) * 257
        return array.tobytes()

    def set(self, rectangle, form, data):
        dtype = np.uint16 if form.endswith("u16") else np.uint8
        self.array = np.frombuffer(data, dtype).reshape(rectangle.height, rectangle.width, 4)

    def flush(self):
        pass


class GimpLayer:
    def __init__(self, array=None, name=""):
        self.name, self.buffer, self.offsets, self.deleted = name, GeglBuffer(array), (0, 0), False
        self.parent, self.mode, self.composite = None, None, "auto"

    def get_buffer(self):
        return self.buffer

    def get_parent(self):
        return self.parent

    def set_composite_mode(self, mode):
        if self.mode != "legacy":
            self.composite = mode

    def set_offsets(self, x, y):
        self.offsets = (x, y)

    def update(self, *area):
        pass

    def delete(self):
        self.deleted = True


class GimpImage:
    def __init__(self, gimp, rgba, selected, base="RGB"):
        self.gimp, self.array, self.selected, self.base = gimp, rgba, selected, base
        self.layers, self.active, self.undo = [GimpLayer(rgba, "Background")], [], []

    def get_width(self):
        return self.array.shape[1]

    def get_height(self):
        return self.array.shape[0]

    def get_precision(self):
        return "u8" if self.array.dtype == np.uint8 else "u16"

    def get_base_type(self):
        return self.base

    def get_selection(self):
        return SimpleNamespace(get_buffer=lambda: GeglBuffer(self.selected))

    def get_selected_layers(self):
        return self.active or self.layers[:1]

    def get_default_new_layer_mode(self):
        return "legacy"

    def get_item_position(self, layer):
        return self.layers.index(layer)

    def insert_layer(self, layer, parent, position):
        layer.parent = parent
        self.layers.insert(position, layer)

    def convert_rgb(self):
        self.base = "RGB"

    def undo_group_start(self):
        self.undo.append("start")

    def undo_group_end(self):
        self.undo.append("end")


def gimp_modules():
    """Return what `import gi` and `from gi.repository import ...` have to give."""

    class Layer(GimpLayer):
        @classmethod
        def new_from_visible(cls, image, into, name):
            return cls(image.array, name)

        @classmethod
        def new(cls, image, name, width, height, kind, opacity, mode):
            layer = cls(np.zeros((height, width, 4), np.uint8), name)
            layer.kind, layer.mode = kind, mode
            return layer

    gimp = SimpleNamespace(
        PlugIn=object,
        Layer=Layer,
        Precision=SimpleNamespace(U8_NON_LINEAR="u8", U8_PERCEPTUAL="p8"),
        ImageBaseType=SimpleNamespace(RGB="RGB", GRAY="GRAY", INDEXED="INDEXED"),
        ImageType=SimpleNamespace(RGBA_IMAGE="rgba", GRAYA_IMAGE="graya"),
        LayerMode=SimpleNamespace(NORMAL="normal"),
        LayerCompositeMode=SimpleNamespace(CLIP_TO_BACKDROP="clip"),
        displays_flush=lambda: None,
    )
    gegl = SimpleNamespace(
        Rectangle=SimpleNamespace(new=lambda x, y, width, height: SimpleNamespace(width=width, height=height)),
        AbyssPolicy=SimpleNamespace(NONE=0),
    )
    other = SimpleNamespace()
    repository = SimpleNamespace(Gegl=gegl, Gimp=gimp, GimpUi=other, GLib=other, GObject=other, Gtk=other)
    return {"gi": SimpleNamespace(require_version=lambda *_: None, repository=repository), "gi.repository": repository}
