"""gzip that gives the same bytes at any time: tests are named for them, and processes that share the tests compare the names."""

import gzip
from functools import partial

gz = partial(gzip.compress, mtime=0)
