"""Word lists of the duplicate decision: synonyms, opposites and words without weight."""

# ruff: noqa: SIM905 - word lists read better as text


def _table(text: str) -> dict[str, str]:
    """Return {word: name} of lines "name: word word …"."""
    pairs = (line.strip().partition(":") for line in text.strip().splitlines())
    return {word: name for name, _, words in pairs for word in words.split()}


FUNCTION_WORDS = frozenset(
    """a about after again ahead all also am amid among an and another any are as at be because been before being
    between but by can could did do does down during eg for from get gets got had has have he her here his how i
    if in into is it its just may me might more most mr mrs ms must my near new now of off on one only or other
    our out over own per s said say says she should since so some still such t than that the their them then
    there these they this those through to too under until up upon via very was we were what when where which
    while who why will with would you your vs versus reportedly report reports source sources rs usd inr""".split()
)

NEGATIONS = frozenset(
    """no not never neither nor without cannot can't won't don't doesn't didn't isn't aren't wasn't weren't denies
    deny denied denying fails fail failed""".split()
)

_MONTHS = "january february march april june july august september october november december".split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
# "may" is left out: the verb is commoner in headlines than the month.
DATES = {day: day for day in _WEEKDAYS} | {name: month for month in _MONTHS for name in (month, month[:3])}
DATES |= {"sept": "september"}
del DATES["mar"], DATES["jun"]

NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate("two three four five six seven eight nine ten eleven twelve".split(), start=2)
}

ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4", "1st": "1", "2nd": "2", "3rd": "3", "4th": "4"}

SCALES = _table(
    """k: thousand k
    lakh: lakh lakhs lac
    m: million millions millio mln mn m mm
    cr: crore crores cr
    b: billion billions bln bn b
    t: trillion trillions trln tn t"""
)

# Words of movement become one token for each direction, so that "slip" and "fall" agree and "rise" does not.
UP, DOWN = "+up", "-down"
CANONICAL_WORDS = _table(
    """+up: up rise rises rose rising risen gain gains gained gaining jump jumps jumped jumping climb
    +up: climbs climbed climbing
    +up: surge surges surged surging soar soars soared soaring rally rallies rallied rallying
    +up: higher advance advances
    +up: advanced increase increases increased zoom zooms zoomed spike spikes spiked rebound
    +up: rebounds recover recovers
    +up: strengthen strengthens raise raises raised hike hikes hiked upgrade upgrades upgraded firm
    +up: firms
    -down: down fall falls fell falling fallen drop drops dropped dropping decline declines declined
    -down: declining slip slips
    -down: slipped slipping slide slides slid sliding lower lowers lowered lose loses lost tumble
    -down: tumbles tumbled sink
    -down: sinks sank slump slumps slumped plunge plunges plunged dip dips dipped decrease decreases
    -down: decreased weaken
    -down: weakens weakened tank tanks tanked shed sheds retreat retreats cut cuts ease eases eased
    -down: downgrade downgrades
    -down: downgraded
    acquire: buys bought acquire acquires acquired acquiring
    allow: allow allows allowed approve approves approved
    big: biggest largest
    chair: chairman chairwoman chair
    collect: collect collects collected harvest harvests
    company: company companies group groups supplier
    escape: escape escapes escaped evade evades
    launch: launch launches launched launching release releases released unveil unveils unveiled
    marijuana: pot marijuana cannabis
    marry: marry marries married marrying wed weds wedding
    need: need needs needed
    probe: probe probes probed probing investigate investigates investigated investigating
    probe: investigation
    speak: speak speaks speaking spoke tell tells told
    strike: hit hits strike strikes struck
    top: top tops topped lead leads led
    transport: transit transport
    use: use uses used using
    web: web internet"""
)

# Of each pair one headline has the one word and the other headline the other: they cannot tell the same.
_OPPOSITES = (
    (UP, DOWN), ("profit", "loss"), ("beat", "miss"), ("buy", "sell"), ("allow", "reject"), ("win", DOWN),
    ("gainer", "loser"), ("open", "close"), ("high", "low"), ("bull", "bear"), ("bullish", "bearish"),
    ("positive", "negative"), ("overweight", "underweight"), ("outperform", "underperform"), ("above", "below"),
)  # fmt: skip
OPPOSITES = frozenset(_OPPOSITES) | frozenset((other, word) for word, other in _OPPOSITES)

# What a market report is about: written in lower case and yet as telling as a name.
SUBJECTS = frozenset(
    """alumina aluminium aluminum aviation bank barley bond bullion cardamom cashew castor castorseed cement chana
    chilli cocoa coffee commodity consumer copper coriander corn cotton crude currency dollar energy equity euro
    food foodgrain forex fuel gas gasoline gold grain groundnut guar gur healthcare infrastructure insurance
    iron it-sector jaggery jeera kapas maize mentha menthol metal midcap mustard nickel nifty oil palladium
    pepper pharma platinum pound power pulse realty retail rice rubber rupee sensex silver smallcap software
    soybean spice steel sterling sugar tea technology telecom tin turmeric uranium utility wheat wool yen yuan
    zinc""".split()
)

# Said of any company: two headlines that share nothing but these are not on one event.
BOILERPLATE = frozenset(
    """accident action adj adr afternoon allow alert analyst announce benzinga blog board brief business buy call
    chair class company corp corporate corporation coverage day downgrade earning early eps estimate expectation
    fiscal financial firm following gainer group high hold holder hour inc industry initiate investor join
    launch lawsuit llc llp loser low ltd maintain market mid mover moving morning neutral news operational
    option outlook outperform overweight plc pm preannounce premarket present presentation preview price profit
    pt quarter quarterly rank rating reaffirm reiterate result revenue sale scheduled sector see sell session
    share shareholder short stock target technology tell to today top trade trader trading underperform
    underweight update value vol volume watch week weekly year yesterday zack""".split()
) | {UP, DOWN}


def stem(word: str) -> str:
    """Return `word` without possessive and plural ending; words of three letters and non-ASCII words stay."""
    if "'" in word:
        word = word.partition("'")[0]
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
