"""LaMa Desktop: take things out of photographs.

The folders are the architecture. What each may import from the package is written here and checked by
`tests/test_architecture.py`; everything may import the base modules `errors options progress paths`.

    cli        -> everything below, lazily, inside the sub-command
    batch      -> formats engine models core
    benchmark  -> engine models networks core
    doctor     -> engine models formats
    evaluation -> engine formats training core
    training   -> networks models formats core
    engine     -> models networks core
    models     -> networks
    formats    -> core
    core, networks -> (base only)

torch is imported in `networks models engine benchmark` only, and never by `models/cards.py`, `models/store.py` and
`engine/options.py` at import, so that the command line answers at once.
"""

__version__ = "0.1.0"
