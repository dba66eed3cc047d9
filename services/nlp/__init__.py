"""NLP: language, entities, sentiment, topics and events of financial news, with evidence.

`texts` reads plain text, `entities` finds who is named, `sentiment`, `topics` and `events` say what is said of them;
`text_analyser` puts one analysis together, `analyser_thread` runs it beside the event loop; `engine`, `analysis` and
`routes` serve it. `training` makes the `artefacts`.
"""
