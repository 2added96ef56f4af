"""Many photos: what is to be done is planned and shown, done with everything overlapping, and survives being killed.

In the order of the work: `order` (what a person asks for), `sources` and `pairing` (which files, and whose mask is
whose), `naming`, `planner` and `plan` (what becomes of each), `journal` (what was done, and what is left), `pipeline`,
`room` and `work` (several photos at once, each from its file to its result), `filling` (the engine), `outcome` and
`report`. `watch` finds photos that come later. `removal` is one photo on its own.
"""
