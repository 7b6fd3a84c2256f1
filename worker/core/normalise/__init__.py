"""From values as found to values as published: text, markup, dates, languages, links. A module a kind of value."""
