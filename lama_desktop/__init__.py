"""LaMa Desktop: take things out of photographs.

The folders are the architecture. What each may import from the package is written here and checked by
`tests/test_architecture.py`; everything may import the base modules `errors immortal options page progress paths
settings`.

    cli        -> everything below, lazily, inside the sub-command
    ui         -> tools batch doctor engine models formats core
    tools      -> core
    batch      -> masks formats engine models core
    benchmark  -> training engine models networks core
    doctor     -> engine models formats
    training   -> evaluation masks networks models formats core
    evaluation -> masks engine formats core
    masks      -> formats core
    engine     -> models networks core
    models     -> networks
    formats    -> core
    core, networks -> (base only)

torch is imported in `networks models engine training benchmark` only, and inside functions of `evaluation`; never by
`models/cards.py`, `models/store.py` and `engine/options.py` at import, so that the command line answers at once. Qt is
imported in `ui` only; QtCore also by the two modules of `core` that have signals.
"""

__version__ = "0.1.0"
