"""Results as text, Markdown and JSON. Nothing here prints, and all that comes from a dump is made safe to show."""
