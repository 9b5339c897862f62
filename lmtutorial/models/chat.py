"""How a chat is written down for a model that was trained to answer.

Its training showed each turn between control tokens; the template that makes this text of messages travels with the
model. It is Jinja, and it runs in Jinja's sandbox, because it comes out of a file.
"""

from collections.abc import Sequence


def chat_prompt(template: str, messages: Sequence[dict[str, str]] | str) -> str:
    """The text of a chat, ready for the assistant's answer.

    Args:
        template: in Jinja, as Hugging Face and GGUF files have it.
        messages: [{"role": "user", "content": "…"}, …], or what the user says as one string.

    Raises:
        ValueError: if there is no template, or a message lacks its role or content.
    """
    if not template:
        raise ValueError("this model has no chat template: it continues texts and does not answer")
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    for message in messages:
        if not isinstance(message, dict) or not {"role", "content"} <= message.keys():
            raise ValueError(f'a message is {{"role": …, "content": …}}, got {message!r}')
    if not messages:
        raise ValueError("a chat needs at least one message")
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(template).render(messages=list(messages), add_generation_prompt=True)
