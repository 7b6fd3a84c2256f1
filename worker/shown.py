"""What may be shown to a person or a log: secrets out, control characters made visible.

Text from a feed or a file can hold escape sequences that rewrite a terminal or its title, and marks that turn the
reading direction of what follows; nothing of it reaches a terminal raw.
"""

from __future__ import annotations

import re

MASK = "***"

# Up to the last @, as an unescaped password may hold / and @. An authority begins without a slash: sqlite:///a@b has
# none.
_USERINFO = re.compile(r"(?<=://)[^/\s][^\s]*@|(?<=://)@")
_SECRET_PARAMETER = re.compile(r"(?i)([?&;][\w.-]*(?:password|passwd|secret|token|api_?key|signature)[\w.-]*=)[^&;\s]*")
# C0 but TAB and LF, DEL, C1; line and paragraph separators; marks, embeddings, overrides and isolates of direction;
# lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def without_secrets(text: str) -> str:
    """The text with userinfo and secret query parameters of its URLs replaced by `***`."""
    return _SECRET_PARAMETER.sub(rf"\g<1>{MASK}", _USERINFO.sub(f"{MASK}@", text))


def visible(text: str) -> str:
    r"""The text with control and direction characters as escapes such as `\x1b`; TAB and LF stay."""
    return _UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def on_one_line(text: str) -> str:
    """Likewise, with runs of white space as one blank."""
    return visible(" ".join(text.split()))
