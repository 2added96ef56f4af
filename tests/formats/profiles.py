"""Small ICC profiles made by hand."""

import struct


def _profile(space, connection, tags, version=0x02400000):
    body, table, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        value += b"\0" * (-len(value) % 4)
        table += struct.pack(">4sII", name, offset + len(body), len(value))
        body += value
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s12s4s", size, b"lcms", version, b"mntr", space, connection, bytes(12), b"acsp")
    header = (header + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)).ljust(128, b"\0")
    return header + struct.pack(">I", len(tags)) + table + body


def _text(value):
    return b"desc" + bytes(4) + struct.pack(">I", len(value) + 1) + value + bytes(1 + 4 + 4 + 2 + 1 + 67)


def _xyz(*values):
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(value * 65536) for value in values))


def gamma_curve(gamma):
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def sampled_curve(function, count=1024):
    values = [round(65535 * function(index / (count - 1))) for index in range(count)]
    return b"curv" + bytes(4) + struct.pack(f">I{count}H", count, *values)


def parametric_curve(kind, *values):
    return b"para" + bytes(4) + struct.pack(f">HH{len(values)}i", kind, 0, *(round(value * 65536) for value in values))


ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
P3 = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
SRGB = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))


def rgb_profile(primaries, curve):
    tags = {b"desc": _text(b"test"), b"wtpt": _xyz(0.9642, 1, 0.8249), b"cprt": b"text" + bytes(4) + b"none\0"}
    tags |= {name: _xyz(*each) for name, each in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return _profile(b"RGB ", b"XYZ ", tags)


def grey_profile(gamma):
    tags = {b"desc": _text(b"grey"), b"wtpt": _xyz(0.9642, 1, 0.8249), b"cprt": b"text" + bytes(4) + b"none\0"}
    return _profile(b"GRAY", b"XYZ ", tags | {b"kTRC": gamma_curve(gamma)})


def table_profile(space, channels, forward, backward):
    """Return a profile of 8-bit tables: Lab of device grids (n = 9) and device values of Lab grids."""

    def lut(inputs, outputs, nodes, function):
        import itertools

        identity = bytes(range(256))
        axis = [index / (nodes - 1) for index in range(nodes)]
        cells = bytes(
            max(0, min(255, round(255 * value)))
            for point in itertools.product(axis, repeat=inputs)
            for value in function(*point)
        )
        head = (
            b"mft1"
            + bytes(4)
            + bytes([inputs, outputs, nodes, 0])
            + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
        )
        return head + identity * inputs + cells + identity * outputs

    tags = {b"desc": _text(b"table"), b"wtpt": _xyz(0.9642, 1, 0.8249), b"cprt": b"text" + bytes(4) + b"none\0"}
    tags |= {b"A2B0": lut(channels, 3, 7, forward), b"B2A0": lut(3, channels, 9, backward)}
    header = _profile(space, b"Lab ", tags)
    return header[:12] + b"prtr" + header[16:]
