"""A site with RSS and Atom feeds: the real excerpts of the reference data where they lie, else hand-written ones."""

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from tests.emulators.faults import Answer, EmulatedServer, Request

RSS = b"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Example Wire</title><language>en-us</language><ttl>30</ttl>
<item><title>Acme Robotics raises full-year forecast</title>
<link>https://wire.example.com/acme?utm_source=rss</link><pubDate>Mon, 02 Mar 2026 12:00:00 GMT</pubDate>
<description>&lt;p&gt;Orders &amp;amp; more.&lt;/p&gt;</description></item>
<item><title>Borealis Mining halts its northern pit</title><link>https://wire.example.com/borealis</link>
<pubDate>Mon, 02 Mar 2026 13:00:00 GMT</pubDate></item>
<item><description>An item without a title</description><link>https://wire.example.com/untitled</link></item>
</channel></rss>"""

ATOM = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Filings</title><id>urn:example</id>
<entry><title>4 - Jane Roe (0000000001) (Reporting)</title><link href="https://filings.example.gov/1/a"/>
<updated>2026-03-02T09:00:00-05:00</updated><id>urn:tag:sec.gov,2008:accession-number=0000000001-26-000001</id></entry>
<entry><title>4 - Acme Robotics Inc. (0000000002) (Issuer)</title><link href="https://filings.example.gov/2/a"/>
<updated>2026-03-02T09:00:00-05:00</updated><id>urn:tag:sec.gov,2008:accession-number=0000000001-26-000001</id></entry>
</feed>"""


@dataclass(frozen=True)
class Feed:
    """One feed of the site, with the headers it is served with."""

    body: bytes
    content_type: str = "application/rss+xml"
    headers: dict[str, str] = field(default_factory=dict)
    has_etag: bool = True

    @property
    def etag(self) -> str:
        """The entity tag of the present body."""
        return f'"{sha256(self.body).hexdigest()[:16]}"'


class FeedSite(EmulatedServer):
    """Serves `feeds` by path, answers 304 to readers who have the present version, and 404 to everything else."""

    def __init__(self, feeds: dict[str, Feed] | None = None) -> None:
        super().__init__()
        self.feeds = feeds or {"/rss": Feed(RSS), "/atom": Feed(ATOM, "application/atom+xml")}

    @classmethod
    def of_folder(cls, folder: Path) -> "FeedSite":
        """Return a site that serves every feed of `folder` under its file name."""
        return cls({f"/{file.name}": Feed(file.read_bytes(), "application/xml") for file in sorted(folder.iterdir())})

    def publish(self, path: str, body: bytes) -> None:
        """Put a new version of a feed in place."""
        self.feeds[path] = replace(self.feeds[path], body=body)

    def answer(self, request: Request) -> Answer:
        """Return the feed, or 304 when the reader has it."""
        feed = self.feeds.get(request.path)
        if feed is None:
            return Answer(404, b"not here")
        headers = {"Content-Type": feed.content_type, **feed.headers}
        if feed.has_etag:
            headers["ETag"] = feed.etag
            if request.headers.get("if-none-match") == feed.etag:
                return Answer(304, b"", headers)
        return Answer(200, feed.body, headers)
