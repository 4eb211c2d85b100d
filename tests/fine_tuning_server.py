"""A server on this machine with OpenAI's fine-tuning API, as strict about what it is sent as the published schema."""

import json
import threading
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Literal

from openai.types import FileDeleted, FileObject, Model
from openai.types.chat import ChatCompletionChunk
from openai.types.fine_tuning import FineTuningJob, FineTuningJobEvent
from pydantic import BaseModel, ConfigDict, Field, ValidationError

KEY = "sk-loopback"
BASE = "gpt-4.1-mini-2025-04-14"
LARGEST = 512 * 1024 * 1024
FEWEST = 10
THEN = 1_750_000_000


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Message(Strict):
    """FineTuneChatRequestInput.messages: a weight belongs to an assistant's message alone."""

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(min_length=1)]
    weight: Literal[0, 1] | None = None

    def model_post_init(self, _context):
        if self.weight is not None and self.role != "assistant":
            raise ValueError("weight is for assistant messages only")


class Row(Strict):
    messages: Annotated[list[Message], Field(min_length=1)]


class Hyperparameters(Strict):
    n_epochs: Annotated[int, Field(ge=1, le=50)]


class Supervised(Strict):
    hyperparameters: Hyperparameters


class Method(Strict):
    type: Literal["supervised"]
    supervised: Supervised


class CreateJob(Strict):
    """CreateFineTuningJobRequest, as far as a supervised job needs it."""

    model: str
    training_file: str
    method: Method
    seed: Annotated[int, Field(ge=0, le=2147483647)]
    suffix: Annotated[str, Field(min_length=1, max_length=64)]


def fault(message, code=None, kind="invalid_request_error"):
    """Return a body as OpenAI's errors have it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class FineTuningServer:
    """Files and jobs in memory. A job takes one step each time somebody looks at it."""

    course = ("validating_files", "queued", "running", "running", "succeeded")

    def __init__(self):
        self.files, self.deleted, self.jobs, self.seen = {}, [], {}, {}
        self.asked = []
        """(method, path) of each request."""
        self.chats = []
        self.faults = {}
        """(method, path): what to answer next, a list.

        (status, body, headers), or ``cut`` or ``gateway``, whose asker never learns what was done.
        """
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_state": self}))
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()

    def rows(self):
        """Return the rows of the one file that was ever uploaded."""
        [data] = [data for _, data in self.files.values()]
        return [Row.model_validate_json(line) for line in data.splitlines()]

    def count(self, method, path):
        return self.asked.count((method, path))

    def upload(self, filename, purpose, data):
        if purpose != "fine-tune" or not filename.endswith(".jsonl") or not 0 < len(data) <= LARGEST:
            return 400, fault("Invalid file.")
        made = f"file-{len(self.files)}"
        self.files[made] = (filename, data)
        return 200, self.file(made)

    def file(self, name):
        filename, data = self.files[name]
        return FileObject.model_validate(
            {
                "id": name, "object": "file", "bytes": len(data), "created_at": THEN, "filename": filename,
                "purpose": "fine-tune", "status": "processed",
            },
            strict=True,
        )  # fmt: skip

    def create(self, body):
        try:
            wanted = CreateJob.model_validate(body)
        except ValidationError as error:
            return 400, fault(str(error))
        if wanted.training_file not in self.files:
            return 400, fault("training_file does not exist", "invalid_training_file")
        if wanted.model != BASE:
            return 400, fault(f"Model {wanted.model} is not available for fine-tuning", "model_not_available")
        made = f"ftjob-{len(self.jobs)}"
        self.jobs[made], self.seen[made] = wanted, 0
        return 200, self.job(made)

    def job(self, name, status=None):
        wanted = self.jobs[name]
        data = self.files[wanted.training_file][1]
        error = self._invalid(data)
        status = status or self.course[min(self.seen[name], len(self.course) - 1)]
        if error and status != "validating_files":
            status = "failed"
        done = status == "succeeded"
        return FineTuningJob.model_validate(
            {
                "id": name, "object": "fine_tuning.job", "created_at": THEN, "model": wanted.model, "status": status,
                "error": error if status == "failed" else None, "organization_id": "org-1", "result_files": [],
                "fine_tuned_model": f"ft:{wanted.model}:org:{wanted.suffix}:{name[-1]}" if done else None,
                "finished_at": THEN + 600 if done else None, "trained_tokens": len(data) // 4 if done else None,
                "hyperparameters": {"n_epochs": wanted.method.supervised.hyperparameters.n_epochs},
                "seed": wanted.seed, "training_file": wanted.training_file, "validation_file": None,
                "method": wanted.method.model_dump(),
            },
            strict=True,
        )  # fmt: skip

    def events(self, name):
        total = 30
        step = total * self.seen[name] // len(self.course)
        return [
            FineTuningJobEvent.model_validate(
                {
                    "id": "ftevent-1", "object": "fine_tuning.job.event", "created_at": THEN, "level": "info",
                    "type": "metrics", "message": f"Step {step}/{total}: training loss=0.5",
                    "data": {"step": step, "total_steps": total, "train_loss": 0.5},
                },
                strict=True,
            )
        ]  # fmt: skip

    def chat(self, body):
        """Return the events of a reply: the first note, as a model does that copies."""
        self.chats.append(body)
        note = body["messages"][-1]["content"].partition("[1] ")[2].split("\n\nQuestion:")[0]
        head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": THEN, "model": body["model"]}
        deltas = [({"role": "assistant", "content": note}, None), ({}, "stop")]
        for delta, finish in deltas:
            chunk = head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
            yield ChatCompletionChunk.model_validate(chunk, strict=True).model_dump_json(exclude_unset=True)

    def models(self):
        made = [self.job(name).fine_tuned_model for name in self.jobs]
        names = [BASE, "gpt-4.1-2025-04-14", *filter(None, made)]
        return [Model(id=name, object="model", created=THEN, owned_by="org-1") for name in names]

    @staticmethod
    def _invalid(data):
        lines = data.splitlines()
        if len(lines) < FEWEST:
            return {"code": "invalid_n_examples", "param": "training_file", "message": f"{len(lines)} example(s)"}
        for number, line in enumerate(lines, 1):
            try:
                row = Row.model_validate_json(line)
                assert row.messages[-1].role == "assistant"
                assert "poison" not in row.messages[-1].content
            except (ValidationError, AssertionError):
                message = f"Invalid file format. Line {number} is not a valid example."
                return {"code": "invalid_training_file", "param": "training_file", "message": message}
        return None


class _Handler(BaseHTTPRequestHandler):
    server_state: FineTuningServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._answer()

    def do_POST(self):
        self._answer()

    def do_DELETE(self):
        self._answer()

    def _answer(self):
        state, path = self.server_state, self.path.partition("?")[0].removeprefix("/v1")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        state.asked.append((self.command, path))
        scripted = state.faults.get((self.command, path)) or [None]
        planned = scripted.pop(0)
        if isinstance(planned, tuple):
            status, answer, headers = planned
            self._send(status, answer, headers)
            return
        if self.headers["authorization"] != f"Bearer {KEY}":
            self._send(401, fault("Incorrect API key provided.", "invalid_api_key"))
            return
        status, answer = self._route(state, path, body)
        if planned == "gateway":  # it was done, and somebody between says that it was not
            status, answer = 502, "<html>Bad Gateway</html>"
        if planned == "cut":  # it was done, and the answer is lost
            self.close_connection = True
            self.connection.close()
            return
        self._send(status, answer)

    def _route(self, state, path, body):
        command = [self.command, *path.strip("/").split("/")]
        routes = (self._file_route, self._job_route, self._model_route)
        answers = (route(state, command, body) for route in routes)
        return next(filter(None, answers), (404, fault(f"No such {path}")))

    def _file_route(self, state, command, body):
        match command:
            case ["POST", "files"]:
                return state.upload(**self._multipart(body))
            case ["GET", "files", name] if name in state.files:
                return 200, state.file(name)
            case ["DELETE", "files", name] if name in state.files:
                state.deleted.append(name)
                return 200, FileDeleted(id=name, deleted=True, object="file")
        return None

    def _job_route(self, state, command, body):
        match command:
            case ["POST", "fine_tuning", "jobs"]:
                return state.create(json.loads(body))
            case ["GET", "fine_tuning", "jobs"]:
                return 200, [state.job(name) for name in reversed(state.jobs)]
            case ["GET", "fine_tuning", "jobs", name] if name in state.jobs:
                job = state.job(name)
                state.seen[name] += 1
                return 200, job
            case ["GET", "fine_tuning", "jobs", name, "events"] if name in state.jobs:
                return 200, state.events(name)
            case ["POST", "fine_tuning", "jobs", name, "cancel"] if name in state.jobs:
                return 200, state.job(name, "cancelled")
        return None

    def _model_route(self, state, command, body):
        match command:
            case ["GET", "models"]:
                return 200, state.models()
            case ["POST", "chat", "completions"]:
                asked = json.loads(body)
                if asked["model"] not in {model.id for model in state.models()}:
                    return 404, fault(f"The model {asked['model']} does not exist", "model_not_found")
                return 200, "".join(f"data: {event}\n\n" for event in (*state.chat(asked), "[DONE]"))
        return None

    def _multipart(self, body):
        head = f"content-type: {self.headers['content-type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part
            for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts()
        }
        assert parts.keys() == {"file", "purpose"}
        return {
            "filename": parts["file"].get_filename(),
            "purpose": parts["purpose"].get_payload(decode=True).decode(),
            "data": parts["file"].get_payload(decode=True),
        }

    def _send(self, status, answer, headers=()):
        kind = "application/json"
        if isinstance(answer, list):
            rows = [row.model_dump(mode="json", exclude_unset=True) for row in answer]
            answer = {"object": "list", "data": rows, "has_more": False}
        elif isinstance(answer, BaseModel):
            answer = answer.model_dump(mode="json", exclude_unset=True)
        elif isinstance(answer, str):
            kind = "text/event-stream" if answer.startswith("data: ") else "text/html"
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.send_header("x-should-retry", "false")
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
