"""A training that is killed goes on as if nothing had happened; a checkpoint that is damaged or foreign is refused."""

import hashlib
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from lmtutorial.models.checkpoints import KEEP, Checkpoints, State, read, write
from lmtutorial.models.lstm_language_model import build_lstm_lm
from lmtutorial.models.training import train
from lmtutorial.models.windows import Windows

# Trains a small language model on Moby-Dick, then a small classifier on rated reviews, and kills itself with SIGKILL:
# at a step, or (a number below 0) in the middle of writing the checkpoint of that step.
CHILD = """
import hashlib, json, os, signal, sys
import numpy as np, tensorflow as tf, keras
tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)
from lmtutorial import corpora, files
from lmtutorial.models import checkpoints, training_run
from lmtutorial.models.batches import TrimmedBatches
from lmtutorial.models.classifier import build_lstm
from lmtutorial.models.lstm_language_model import build_lstm_lm
from lmtutorial.models.training import train
from lmtutorial.models.windows import Windows
from lmtutorial.preprocessing import Preprocessor

folder, moment = sys.argv[1], int(sys.argv[2])
taken = 0
kill = lambda: os.kill(os.getpid(), signal.SIGKILL)

step_ends, write = training_run.Run.on_train_batch_end, checkpoints.write
def on_train_batch_end(self, batch, logs=None):
    step_ends(self, batch, logs)
    if self.keeper and self.state.done == self.total_kill:
        kill()
def half_written(file, arrays, meta):
    if moment < 0 and meta["state"]["done"] >= -moment and "lm" in str(file):
        with files.written_whole(file) as beside:
            beside.write_bytes(b"x" * 1000)
            kill()
    write(file, arrays, meta)
training_run.Run.on_train_batch_end, checkpoints.write = on_train_batch_end, half_written

def language_model(folder, total_kill):
    training_run.Run.total_kill = total_kill
    text = files.path("books/moby-dick.txt").read_text(encoding="utf-8")[30_000:60_000]
    pre = Preprocessor.fit([text], max_tokens=300, rules="language")
    stream = [pre.ids([text])[0]]
    keras.utils.set_random_seed(0)
    model = build_lstm_lm(300, dim=12, units=(16,), dropout=(0.2, 0.3))
    report = train(model, Windows(stream, 2, length=16, batch_size=16), validation=Windows(stream, 2, batch_size=16,
        shuffle=False), epochs=2, clipnorm=1.0, checkpoints=folder, checkpoint_every=7, verbose=0, seed=1)
    return model, report

def classifier(folder, total_kill):
    training_run.Run.total_kill = total_kill
    reviews = corpora.load_reviews().dropna(subset="label")[:260]
    pre = Preprocessor.fit(list(reviews["text"]), max_tokens=500, max_length=24)
    ids, labels = pre.ids(list(reviews["text"])), reviews["label"].to_numpy(int)
    keras.utils.set_random_seed(0)
    model = build_lstm(np.random.default_rng(0).normal(size=(500, 8)).astype("float32"), units=(8, 4), dropout=0.3)
    report = train(model, TrimmedBatches(ids, labels, 16, 2), validation=TrimmedBatches(ids[:60], labels[:60], 60),
        loss="binary_crossentropy", metrics=["accuracy"], epochs=3, checkpoints=folder, checkpoint_every=5,
        patience=2, verbose=0, seed=2)
    return model, report

def digest(model, report):
    return [hashlib.sha256(b"".join(w.tobytes() for w in model.get_weights())).hexdigest(),
            report.history.to_csv(), report.resumed_from]

of_lm = moment if 0 < moment < 1000 else 0
found = {"lm": digest(*language_model(folder + "/lm", of_lm))}
found["classifier"] = digest(*classifier(folder + "/classifier", moment - 1000 if moment > 1000 else 0))
if moment == 0:  # the run that is left alone
    found["lm alone"] = digest(*language_model(None, 0))
    found["classifier alone"] = digest(*classifier(None, 0))
print(json.dumps(found))
"""


def child(folder, moment: int) -> subprocess.CompletedProcess:
    settings = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CHILD, str(folder), str(moment)]
    return subprocess.run(command, capture_output=True, text=True, env=settings, timeout=280, check=False)


@pytest.mark.slow
def test_a_run_killed_at_random_moments_ends_with_the_weights_of_the_run_left_alone(tmp_path):
    import json

    random = np.random.default_rng(4)
    # a step of the language model, a checkpoint of it that is being written, a step of the classifier
    moments = [int(random.integers(8, 25)), -int(random.integers(26, 40)), 1000 + int(random.integers(6, 30))]
    for moment in moments:
        assert child(tmp_path, moment).returncode == -9, f"the run was not killed at {moment}"
        if moment < 0:  # half a file, beside the whole ones
            assert len(list(tmp_path.glob("lm/.step-*"))) == 1
    ended = child(tmp_path, 0)
    assert ended.returncode == 0, ended.stderr[-2000:]
    found = json.loads(ended.stdout.splitlines()[-1])
    for name in ("lm", "classifier"):
        (weights, history, resumed), (alone, history_alone, none) = found[name], found[f"{name} alone"]
        assert weights == alone and history == history_alone  # bit for bit: one thread adds in one order
        assert resumed > 0 and none is None
    assert list(tmp_path.glob("*/.step-*")) == []  # what the killed writer left is swept up


def small_model(units: int = 6) -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_lstm_lm(40, dim=4, units=(units,), dropout=(0.1, 0.1))


BATCHES = Windows([np.random.default_rng(0).integers(2, 40, 700).astype(np.int32)], 2, length=8, batch_size=8)
SETTINGS = {"epochs": 2, "checkpoint_every": 4, "learning_rate": 1e-2, "verbose": 0}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of checkpoints and the model at the end of that run."""
    folder, model = tmp_path_factory.mktemp("run"), small_model()
    train(model, BATCHES, checkpoints=folder, **SETTINGS)
    return folder, model


@pytest.fixture
def copied(trained, tmp_path):
    for file in trained[0].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def digests(folder) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def same_weights(one: keras.Model, other: keras.Model, tolerance: float = 0) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.allclose(a, b, rtol=0, atol=tolerance) for a, b in pairs)


def test_the_newest_few_checkpoints_are_kept_and_the_end_of_each_epoch_is_one(trained):
    names = sorted(file.name for file in trained[0].iterdir())
    assert len(names) == KEEP and names[-1] == f"step-{2 * len(BATCHES):09d}.ckpt"


def test_half_a_checkpoint_is_noticed_and_the_one_before_it_used(trained, copied):
    newest = sorted(copied.iterdir())[-1]
    newest.write_bytes(newest.read_bytes()[: newest.stat().st_size // 2])
    model = small_model()
    with pytest.warns(UserWarning, match=r"is damaged: its SHA-256 is \w+, expected \w+; the checkpoint before it"):
        report = train(model, BATCHES, checkpoints=copied, **SETTINGS)
    assert 0 < report.resumed_from < 2 * len(BATCHES)
    assert same_weights(model, trained[1], 1e-5)  # several threads add in any order
    read(newest)  # and it was written anew


def test_where_no_checkpoint_is_whole_the_run_begins_again(copied):
    for file in copied.iterdir():
        file.write_bytes(b"nothing")
    with pytest.warns(UserWarning, match="does not begin as one"):
        assert train(small_model(), BATCHES, checkpoints=copied, **SETTINGS).resumed_from is None


def test_a_checkpoint_of_another_architecture_is_refused_and_nothing_overwritten(copied):
    before = digests(copied)
    with pytest.raises(ValueError, match=r"another architecture: layer 3 is LSTM with weights .* there, and LSTM"):
        train(small_model(units=7), BATCHES, checkpoints=copied, **SETTINGS)
    assert digests(copied) == before


def test_equal_shapes_with_another_dropout_are_another_architecture(copied):
    with pytest.raises(ValueError, match="layer 2, SpatialDropout1D, has other settings there than here"):
        train(build_lstm_lm(40, dim=4, units=(6,), dropout=(0.2, 0.1)), BATCHES, checkpoints=copied, **SETTINGS)


def test_other_settings_are_refused_and_named(copied):
    before = digests(copied)
    with pytest.raises(ValueError, match=r"seed was 0 and is 9"):
        train(small_model(), BATCHES, checkpoints=copied, **SETTINGS, seed=9)
    with pytest.raises(ValueError, match=r"learning_rate was 0.00999\d* and is 0.5"):
        train(small_model(), BATCHES, checkpoints=copied, **(SETTINGS | {"learning_rate": 0.5}))
    assert digests(copied) == before


def test_a_finished_run_is_not_run_again(trained, copied):
    before, model = digests(copied), small_model()
    report = train(model, BATCHES, checkpoints=copied, **SETTINGS)
    assert report.steps == 0 and len(report.history) == 2 and digests(copied) == before
    assert same_weights(model, trained[1])


def test_a_finished_run_goes_on_where_more_epochs_are_asked_for(copied):
    model, alone = small_model(), small_model()
    report = train(model, BATCHES, checkpoints=copied, **(SETTINGS | {"epochs": 3}))
    assert report.resumed_from == 2 * len(BATCHES) and report.steps == len(BATCHES)
    train(alone, BATCHES, **(SETTINGS | {"epochs": 3}))
    assert same_weights(model, alone, 1e-5)


def test_a_checkpoint_gives_back_every_array_bit_for_bit(tmp_path):
    arrays = {"model/0": np.float32([[np.pi, -0.0]]), "optimizer/0": np.int64(7), "best/0": np.float16([1e-7])}
    write(tmp_path / "a.ckpt", arrays, {"x": [1]})
    meta, found = read(tmp_path / "a.ckpt")
    assert meta == {"x": [1]} and found.keys() == arrays.keys()
    assert all(found[name].tobytes() == arrays[name].tobytes() for name in arrays)


def test_every_cut_and_every_flipped_bit_is_noticed(tmp_path):
    file = tmp_path / "a.ckpt"
    write(file, {"model/0": np.zeros(3)}, {})
    whole = file.read_bytes()
    for cut in (0, 10, 60, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:cut])
        with pytest.raises(ValueError, match="damaged"):
            read(file)
    for place in np.random.default_rng(0).integers(0, len(whole), 50):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(ValueError, match="damaged"):
            read(file)


def test_checkpoints_are_ordered_by_step_and_not_by_the_clock(tmp_path):
    keeper = Checkpoints(tmp_path, [], {})
    for done in (900, 1000, 100_000):
        keeper.save(State(done=done), {})
    os.utime(keeper.files()[-1])
    assert keeper.newest()[0].done == 100_000
