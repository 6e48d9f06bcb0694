"""What the settings say of the vision-language engine, which reads none itself."""

from __future__ import annotations

from ml_server.engines.vlm.options import VLMOptions
from ml_server.settings import Settings


def vlm_options(settings: Settings) -> VLMOptions:
    """The options that a server or command is configured with; spaces around a value do not count."""
    return VLMOptions(
        url=settings.vlm_url.strip(),
        model=settings.vlm_model.strip(),
        api_key=settings.vlm_api_key.get_secret_value().strip() if settings.vlm_api_key else "",
        ca_file=settings.vlm_ca_file,
        family=settings.vlm_family,
        prompt=settings.vlm_prompt.strip(),
        concurrency=settings.vlm_concurrency,
        timeout_s=settings.vlm_timeout_s,
        wait_s=settings.vlm_wait_s,
        max_pixels=settings.vlm_max_pixels,
        max_tokens=settings.vlm_max_tokens,
        image_format=settings.vlm_image_format,
    )
