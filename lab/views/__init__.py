"""Pure views: records -> info (a frozen dataclass) -> figure, HTML or payload. No gradio, no torch."""
