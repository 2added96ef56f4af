"""The batch in the window: a page beside the photos, over the headless core of `lama_desktop.batch`.

`desk` is what the window knows of it. `session` keeps what was asked for and where that stands, `run` does it on lanes,
`mending` and `viewing` open one photo of it in a tab. `page` is what is seen: `settings_column` and `fields`, and the
table of `rows`, `table_view` and `pictures`.
"""
