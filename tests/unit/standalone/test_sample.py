import csv
import gzip
import math
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from statistics import fmean
from typing import NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from standalone.sample.files import bars_path, headlines_path

NEW_YORK = ZoneInfo("America/New_York")
BENCHMARK = "GSPC"
BAR_COLUMNS = ("open", "high", "low", "close", "adjusted_close", "volume")
GOOD_NEWS = re.compile(r"\b(beats|tops|raises|lifts|upgrades|succeeds)\b", re.IGNORECASE)
BAD_NEWS = re.compile(r"\b(misses|cuts|slashes|lowers|warns|downgrades|fails|falls short)\b", re.IGNORECASE)
COMPANIES = {
    r"Agilent": "A",
    r"Applied Optoelectronics|\$AAOI": "AAOI",
    r"Advance Auto Parts": "AAP",
    r"Apple": "AAPL",
    r"AbbVie": "ABBV",
    r"Acadia": "ACAD",
    r"Amgen": "AMGN",
    r"Amazon": "AMZN",
    r"Boeing": "BA",
    r"Bank of America": "BAC",
    r"Citi|Citigroup": "C",
    r"Caterpillar": "CAT",
    r"Cisco": "CSCO",
    r"Disney": "DIS",
    r"General Electric|GE": "GE",
    r"Google": "GOOG",
    r"Home Depot": "HD",
    r"Intel": "INTC",
    r"JPMorgan": "JPM",
    r"Coca-Cola|Coke": "KO",
    r"McDonald's": "MCD",
    r"Merck": "MRK",
    r"Microsoft": "MSFT",
    r"Oracle": "ORCL",
    r"Pfizer": "PFE",
    r"Procter & Gamble": "PG",
    r"UnitedHealth": "UNH",
    r"UPS|United Parcel Service": "UPS",
    r"Visa": "V",
    r"Verizon": "VZ",
    r"Wal-Mart|Walmart": "WMT",
    r"Exxon": "XOM",
}


class Headline(NamedTuple):
    title: str
    url: str
    published_at: datetime
    source: str
    tickers: list[str]

    @property
    def companies(self):
        found = {t for name, t in COMPANIES.items() if re.search(rf"(?<!\w)(?:{name})(?!\w)", self.title)}
        return found | set(self.tickers)


@pytest.fixture(scope="module")
def headlines():
    with headlines_path().open(encoding="utf-8", newline="") as file:
        return [
            Headline(
                row["title"],
                row["url"],
                datetime.fromisoformat(row["published_at"]),
                row["source"],
                row["tickers"].split(),
            )
            for row in csv.DictReader(file, strict=True)
        ]


@pytest.fixture(scope="module")
def bars():
    with gzip.open(bars_path(), "rt", encoding="utf-8", newline="") as file:
        by_ticker = defaultdict(dict)
        for ticker, day, *values in list(csv.reader(file, strict=True))[1:]:
            by_ticker[ticker][day] = dict(zip(BAR_COLUMNS, map(float, values), strict=True))
        return by_ticker


@pytest.fixture(scope="module")
def sessions(bars):
    return sorted(bars[BENCHMARK])


def event_session(published_at, sessions):
    """Return the index of the first session that closes after the news."""
    local = published_at.astimezone(NEW_YORK)
    day = local.date() + timedelta(days=local.time() >= time(16))
    return next(index for index, session in enumerate(sessions) if date.fromisoformat(session) >= day)


def abnormal_return(bars, ticker, day_before, day):
    def log_return(of):
        return math.log(bars[of][day]["adjusted_close"] / bars[of][day_before]["adjusted_close"])

    return log_return(ticker) - log_return(BENCHMARK)


def mean_abnormal_return(headlines, bars, sessions, wanted, unwanted):
    """Return the mean over (ticker, session) of titles of one direction; several titles on one story count once."""
    events = {
        (ticker, event_session(headline.published_at, sessions))
        for headline in headlines
        if wanted.search(headline.title) and not unwanted.search(headline.title)
        for ticker in headline.companies
    }
    returns = [abnormal_return(bars, ticker, sessions[index - 1], sessions[index]) for ticker, index in events]
    assert len(returns) > 30
    return fmean(returns)


def test_headlines_are_about_150_complete_rows(headlines):
    assert 140 <= len(headlines) <= 180
    assert all(headline.title.strip() == headline.title != "" for headline in headlines)
    assert all(headline.source for headline in headlines)


def test_published_at_is_utc_to_the_minute_and_in_order(headlines):
    times = [headline.published_at for headline in headlines]

    assert all(moment.tzinfo is not None and moment.utcoffset() == timedelta(0) for moment in times)
    assert all(moment.second == 0 for moment in times)
    assert times == sorted(times)
    assert times[-1] < datetime(2018, 1, 1, tzinfo=UTC)


def test_urls_lie_under_the_reserved_domain_and_carry_the_new_york_date(headlines):
    for headline in headlines:
        url = urlsplit(headline.url)

        assert (url.scheme, url.netloc, url.query) == ("https", "sample.example", "")
        assert url.path.startswith(headline.published_at.astimezone(NEW_YORK).strftime("/%Y/%m/%d/"))


def test_only_the_two_deliberate_repeats_share_a_url(headlines):
    repeated = {url for url, count in Counter(headline.url for headline in headlines).items() if count > 1}

    assert len(repeated) == 2
    assert len(headlines) - len({headline.url for headline in headlines}) == 2


def test_updates_and_publisher_suffixes_follow_the_headline_that_they_repeat(headlines):
    first_seen = {}
    kinds = Counter()
    for headline in headlines:
        original = headline.title.removeprefix("UPDATE 1-").removesuffix(f" - {headline.source}")
        if original != headline.title:
            kinds["update" if headline.title.startswith("UPDATE") else "suffix"] += 1
            assert first_seen[original] < headline.published_at
        first_seen.setdefault(original, headline.published_at)

    assert kinds == {"update": 3, "suffix": 3}


def test_few_headlines_bring_their_ticker(headlines):
    assert 3 <= sum(bool(headline.tickers) for headline in headlines) <= 8


def test_some_headlines_are_about_no_listed_company(headlines):
    assert sum(not headline.companies for headline in headlines) == 4


def test_every_event_has_bars_for_an_event_study(headlines, bars, sessions):
    for headline in headlines:
        day = event_session(headline.published_at, sessions)
        for ticker in headline.companies:
            own = bars[ticker]
            around = sessions[day - 140 : day + 16]

            assert len(around) == 156
            assert all(session in own for session in around), (ticker, headline.title)


def test_bars_are_contiguous_and_consistent(bars, sessions):
    for ticker, own in bars.items():
        days = list(own)
        start = sessions.index(days[0])

        assert days == sessions[start : start + len(days)], ticker
        for day, bar in own.items():
            assert 0 < bar["low"] <= min(bar["open"], bar["close"]) + 1e-4, (ticker, day)
            assert bar["high"] >= max(bar["open"], bar["close"]) - 1e-4, (ticker, day)
            assert bar["adjusted_close"] > 0, (ticker, day)
            assert bar["volume"] > 0, (ticker, day)


def test_good_news_has_a_positive_mean_abnormal_return(headlines, bars, sessions):
    assert mean_abnormal_return(headlines, bars, sessions, GOOD_NEWS, BAD_NEWS) > 0.02


def test_bad_news_has_a_negative_mean_abnormal_return(headlines, bars, sessions):
    assert mean_abnormal_return(headlines, bars, sessions, BAD_NEWS, GOOD_NEWS) < -0.02


def test_the_sample_stays_small():
    assert bars_path().stat().st_size <= 700_000
