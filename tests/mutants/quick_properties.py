"""A plugin of pytest: each mutant meets the same examples of a property, and no smallest failure is looked for."""

from hypothesis import Phase, settings

settings.register_profile("mutants", settings.get_profile("ci"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("mutants")
