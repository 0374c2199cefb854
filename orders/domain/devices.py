"""What a browser's `User-Agent` header says, in plain words."""

from orders.domain.texts import lazy_gettext

# In this order, because most browsers also name those that they are compatible with.
_BROWSERS = (
    (("Edg/", "EdgA/", "EdgiOS/"), "Edge"),
    (("OPR/", "OPT/"), "Opera"),
    (("SamsungBrowser/",), "Samsung Internet"),
    (("Firefox/", "FxiOS/"), "Firefox"),
    (("Chrome/", "CriOS/", "HeadlessChrome/"), "Chrome"),
    (("Safari/",), "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
UNKNOWN_DEVICE = lazy_gettext("Unknown device")


def device_of(user_agent: str) -> str:
    """Return the browser and the system in a `User-Agent` header, such as "Chrome on Windows".

    Returns one of the two if the other is unknown, and UNKNOWN_DEVICE if both are.
    """
    browsers = (name for marks, name in _BROWSERS if any(one in user_agent for one in marks))
    browser = next(browsers, "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return lazy_gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or UNKNOWN_DEVICE
