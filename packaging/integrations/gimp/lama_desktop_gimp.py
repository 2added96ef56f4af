#!/usr/bin/env python3
"""GIMP 3: remove what is selected, with LaMa Desktop. The fill comes as a layer of its own.

GIMP runs this file as a program of its own, asks it for its procedure, and later to run that. Pixels are exchanged as 8
or 16 bit RGBA in sRGB; GEGL converts whatever the image is made of, both ways.
"""

import sys
import tempfile
from pathlib import Path

import gi

gi.require_version("Gegl", "0.4")
gi.require_version("Gimp", "3.0")
gi.require_version("GimpUi", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gegl, Gimp, GimpUi, GLib, GObject, Gtk  # noqa: E402 (after the versions are chosen)

sys.path.insert(0, str(Path(__file__).resolve().parent))
import lama_exchange as exchange  # noqa: E402
import lama_program as program_calls  # noqa: E402

PROCEDURE = "plug-in-lama-desktop-remove"
TITLE = "Remove Selection (LaMa Desktop)"
LAYER = "Removed with LaMa Desktop"
_FORMATS = {8: "R'G'B'A u8", 16: "R'G'B'A u16"}
_NOT_SELECTED = "Nothing is selected. Select what should go first."


class LamaDesktop(Gimp.PlugIn):
    """One procedure, in the Filters > Enhance menu."""

    def do_set_i18n(self, name):
        """Say that there are no translations."""
        return False

    def do_query_procedures(self):
        """Name the procedure."""
        return [PROCEDURE]

    def do_create_procedure(self, name):
        """Describe the procedure; GIMP makes its dialog of this, and remembers what was chosen last."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)
        procedure.set_image_types("*")
        mask = Gimp.ProcedureSensitivityMask
        procedure.set_sensitivity_mask(mask.DRAWABLE | mask.DRAWABLES | mask.NO_DRAWABLES)
        procedure.set_menu_label("Remove _Selection (LaMa Desktop)…")
        procedure.add_menu_path("<Image>/Filters/Enhance")
        procedure.set_documentation(
            "Removes what is selected; the fill comes as a new layer",
            "Calls lama-desktop inpaint with the visible image and the selection.",
            name,
        )
        procedure.set_attribution("LaMa Desktop", "LaMa Desktop, Apache-2.0", "2026")
        readable = GObject.ParamFlags.READWRITE
        procedure.add_string_argument("model", "_Model", "Its id; empty for the best that is installed", "", readable)
        procedure.add_string_argument(
            "program", "_Program", "Where lama-desktop is; empty to look for it", "", readable
        )
        return procedure

    def run(self, procedure, run_mode, image, drawables, config, data):
        """Fill the selection of an image."""
        status = Gimp.PDBStatusType
        asks = run_mode == Gimp.RunMode.INTERACTIVE
        if run_mode != Gimp.RunMode.NONINTERACTIVE:
            GimpUi.init("lama-desktop")
        try:
            if Gimp.Selection.is_empty(image):
                raise program_calls.Failed(_NOT_SELECTED)
            if asks and not _asked(procedure, config):
                return procedure.new_return_values(status.CANCEL, None)
            program = program_calls.find(config.get_property("program") or "")
            model = config.get_property("model") or ""
            if run_mode == Gimp.RunMode.NONINTERACTIVE:
                remove_selection(image, program, model, lambda: True)
            else:
                with _Waiting() as waiting:
                    remove_selection(image, program, model, waiting.tick)
        except program_calls.Stopped:
            return procedure.new_return_values(status.CANCEL, None)
        except (program_calls.Failed, OSError, ValueError) as error:
            return procedure.new_return_values(status.EXECUTION_ERROR, GLib.Error(str(error)))
        return procedure.new_return_values(status.SUCCESS, None)


def remove_selection(image, program, model, tick):
    """Fill what is selected; return the new layer, None where nothing has changed.

    Arguments and errors are those of `lama_program.inpaint`.
    """
    width, height = image.get_width(), image.get_height()
    everything = Gegl.Rectangle.new(0, 0, width, height)
    depth = 8 if image.get_precision() in _eight_bit() else 16
    visible = Gimp.Layer.new_from_visible(image, image, LAYER)
    before = _pixels(visible.get_buffer(), everything, depth)
    visible.delete()
    selected = image.get_selection().get_buffer().get(everything, 1.0, "Y u8", Gegl.AbyssPolicy.NONE)
    with tempfile.TemporaryDirectory(prefix="lama-desktop-") as name:
        photo, mask, result = (Path(name) / each for each in ("photo.tif", "mask.tif", "result.tif"))
        exchange.write(photo, before)
        exchange.write(mask, exchange.Pixels(width, height, 1, 8, bytes(selected)))
        program_calls.inpaint(program, photo, mask, result, model, tick)
        fill = exchange.fill_of(before, exchange.read(result))
    return None if fill is None else _new_layer(image, fill)


def _pixels(buffer, rectangle, depth):
    data = buffer.get(rectangle, 1.0, _FORMATS[depth], Gegl.AbyssPolicy.NONE)
    return exchange.Pixels(rectangle.width, rectangle.height, 4, depth, bytes(data))


def _new_layer(image, fill):
    """Put a layer with the fill above the active one, as one step of the undo history; a clipped one outside of groups.

    A group need not have in it all that is seen, and would hide what of the fill goes beyond.
    """
    grey = image.get_base_type() == Gimp.ImageBaseType.GRAY
    kind = Gimp.ImageType.GRAYA_IMAGE if grey else Gimp.ImageType.RGBA_IMAGE
    width, height = fill.pixels.width, fill.pixels.height
    image.undo_group_start()
    try:
        if image.get_base_type() == Gimp.ImageBaseType.INDEXED:
            image.convert_rgb()  # a palette has not the colours of a fill
        # The normal mode of GIMP 2, which is the default of its images, cannot be clipped.
        mode = Gimp.LayerMode.NORMAL if fill.clipped else image.get_default_new_layer_mode()
        layer = Gimp.Layer.new(image, LAYER, width, height, kind, 100.0, mode)
        if fill.clipped:
            layer.set_composite_mode(Gimp.LayerCompositeMode.CLIP_TO_BACKDROP)
        below = next(iter(image.get_selected_layers()), None)
        while fill.clipped and below is not None and below.get_parent() is not None:
            below = below.get_parent()
        parent = below.get_parent() if below is not None else None
        image.insert_layer(layer, parent, image.get_item_position(below) if below is not None else 0)
        layer.set_offsets(fill.x, fill.y)
        buffer = layer.get_buffer()
        buffer.set(Gegl.Rectangle.new(0, 0, width, height), _FORMATS[fill.pixels.depth], fill.pixels.data)
        buffer.flush()
        layer.update(0, 0, width, height)
    finally:
        image.undo_group_end()
    Gimp.displays_flush()
    return layer


def _eight_bit():
    kinds = Gimp.Precision
    return (kinds.U8_NON_LINEAR, kinds.U8_PERCEPTUAL)


def _asked(procedure, config):
    dialog = GimpUi.ProcedureDialog.new(procedure, config, TITLE)
    dialog.fill(None)
    answer = dialog.run()
    dialog.destroy()
    return answer


class _Waiting:
    """A window with a moving bar and Cancel, while the program works."""

    def __enter__(self):
        self._stopped = False
        self._window = Gtk.Dialog(title=TITLE)
        self._window.add_button("_Cancel", Gtk.ResponseType.CANCEL)
        self._window.connect("response", self._stop)
        self._bar = Gtk.ProgressBar(text="Removing what is selected…", show_text=True, margin=18)
        self._window.get_content_area().add(self._bar)
        self._window.set_default_size(320, -1)
        self._window.show_all()
        return self

    def __exit__(self, *_):
        self._window.destroy()

    def tick(self):
        """Let the window live; tell whether to go on."""
        self._bar.pulse()
        while Gtk.events_pending():
            Gtk.main_iteration_do(False)
        return not self._stopped

    def _stop(self, *_):
        self._stopped = True


if __name__ == "__main__":
    Gimp.main(LamaDesktop.__gtype__, sys.argv)
