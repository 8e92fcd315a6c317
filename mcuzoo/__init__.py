"""mcuzoo: from the eIQ Model Zoo to a proven i.MX RT board."""

__version__ = "0.1.0"
