"""A cookie jar that stays empty: `httpx` keeps cookies unless it is given another one."""

from http.cookiejar import CookieJar


class NoCookies(CookieJar):
    """Keeps no cookie, whoever sets it."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Leave the answer's cookies unread."""
