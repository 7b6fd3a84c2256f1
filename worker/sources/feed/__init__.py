"""Feeds as a source: asked for conditionally, over a guarded network."""

from worker.sources.feed.asked import Answer, ClientOptions, Request
from worker.sources.feed.client import Client
from worker.sources.feed.secrets import Secrets, request_of, secrets_from

__all__ = ["Answer", "Client", "ClientOptions", "Request", "Secrets", "request_of", "secrets_from"]
