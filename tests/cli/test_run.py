"""``run`` from its options to its artifacts, with real programs in the process engine."""

from __future__ import annotations

import json
import shlex
import subprocess
import tarfile
from typing import Any

import pytest


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture
def data(desk: Any) -> str:
    folder = desk.folder / "some data"
    folder.mkdir()
    (folder / "a.csv").write_text("1,2\n")
    (folder / "b.csv").write_text("3,4\n")
    return "./some data"


def test_a_job_trains_and_leaves_its_model(desk: Any, data: str) -> None:
    program = desk.program(
        "algorithm",
        'cat /opt/ml/input/data/train/*.csv > /opt/ml/model/model.csv; echo "loss=0.25;"\n'
        'echo "argument: $1"; cat /opt/ml/input/config/hyperparameters.json',
    )

    done = desk.run(
        *("run", program, "--name", "first", "-c", f"train={data}", "-p", "eta=0.3"),
        *("--output", "artifacts", "--metric", "loss=loss=(.*?);"),
    )

    assert done.returncode == 0, done.stderr
    # What the program wrote, and nothing else, is on stdout.
    assert done.stdout == 'loss=0.25;\nargument: train\n{"eta":"0.3"}\n'
    archive = desk.folder / "artifacts" / "first" / "output" / "model.tar.gz"
    with tarfile.open(archive) as tar:
        model = tar.extractfile("model.csv")
        assert model is not None
        assert model.read() == b"1,2\n3,4\n"
    assert "first: Completed after" in done.stderr
    assert str(archive) in done.stderr
    assert "loss  0.25" in done.stderr
    assert "Training in progress." in done.stderr
    assert "\x1b" not in done.stderr
    assert "━" not in done.stderr


def test_json_is_the_only_thing_on_stdout(desk: Any) -> None:
    program = desk.program("algorithm", "echo to stdout; echo to stderr >&2")

    done = desk.run("run", program, "--json", "--name", "first")

    assert document(done)["TrainingJobStatus"] == "Completed"
    assert document(done) == json.loads(desk.run("describe", "first", "--json").stdout)
    assert "to stdout\n" in done.stderr
    assert "to stderr\n" in done.stderr


def test_the_programs_exit_code_comes_through(desk: Any) -> None:
    program = desk.program("algorithm", "printf 'no such column' > /opt/ml/output/failure; exit 41")

    done = desk.run("run", program, "--name", "broken")

    assert done.returncode == 41
    assert "broken: Failed with exit code 41" in done.stderr
    assert "AlgorithmError: no such column, exit code: 41" in done.stderr
    assert "--shell" in done.stderr


def test_arguments_stand_in_the_place_of_train(desk: Any) -> None:
    program = desk.program("algorithm", 'for each; do echo "[$each]"; done')

    done = desk.run("run", program, "--", "serve", "--port", "80", "a b", "--")

    assert done.stdout == "[serve]\n[--port]\n[80]\n[a b]\n[--]\n"


def test_the_request_alone_names_the_program(desk: Any, data: str) -> None:
    program = desk.program("algorithm", 'echo "$1 $SIZE"; ls /opt/ml/input/data/train')
    request = {
        "TrainingJobName": "from-file",
        "AlgorithmSpecification": {"TrainingImage": program, "TrainingInputMode": "File"},
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "OutputDataConfig": {"S3OutputPath": "s3://models/here"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.xlarge",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        "Environment": {"SIZE": "small"},
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {
                    "S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/some data"}
                },
            }
        ],
    }
    (desk.folder / "request.json").write_text(json.dumps(request))
    (desk.folder / "bucket").symlink_to(desk.folder)

    done = desk.run(
        *("run", "--request", "request.json", "--s3-root", ".", "-e", "SIZE=large"),
        *("--", "evaluate"),
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout == "evaluate large\na.csv\nb.csv\n"
    assert "VolumeSizeInGB" in done.stderr  # not simulated, and said


def test_sample_takes_the_first_objects(desk: Any, data: str) -> None:
    program = desk.program("algorithm", "ls /opt/ml/input/data/train")

    done = desk.run("run", program, "-c", f"train={data}", "--sample", "1")

    assert done.stdout == "a.csv\n"
    assert "sample" in done.stderr


def test_the_time_limit_stops_the_job(desk: Any) -> None:
    program = desk.program("algorithm", "echo ready; exec sleep 60")

    done = desk.run("run", program, "--max-runtime", "1", "--grace", "0", "--json")

    assert done.returncode == 124
    assert document(done)["SecondaryStatus"] == "MaxRuntimeExceeded"


def test_network_isolation_leaves_no_network(desk: Any) -> None:
    program = desk.program("algorithm", "cat /proc/net/dev")

    with_network = desk.run("run", program).stdout
    without = desk.run("run", program, "--network-isolation").stdout

    interfaces = [line.split(":")[0].strip() for line in without.splitlines() if ":" in line]
    assert interfaces == ["lo"]
    assert len(with_network.splitlines()) > len(without.splitlines())


def test_a_name_is_used_once(desk: Any) -> None:
    program = desk.program("algorithm", "true")
    assert desk.run("run", program, "--name", "once").returncode == 0

    done = desk.run("run", program, "--name", "once")

    assert done.returncode == 2
    assert done.stderr.startswith("Error: Training job names must be unique")
    assert len(done.stderr.splitlines()) == 1


def test_every_fault_is_said_at_once(desk: Any) -> None:
    program = desk.program("algorithm", "true")

    done = desk.run(
        *("run", program, "--name", "a b", "--instance-type", "ml.none", "-c", "x y=./nowhere"),
        *("--role-arn", "arn:aws:iam::me:role/x"),
    )

    assert done.returncode == 2
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0] == "Error: 4 validation errors detected:"
    for path in ("trainingJobName", "instanceType", "channelName", "roleArn"):
        assert sum(path in line for line in lines[1:]) == 1
    assert desk.run("ps", "--all", "--quiet").stdout == ""


def test_missing_data_is_bad_input(desk: Any) -> None:
    program = desk.program("algorithm", "true")

    done = desk.run("run", program, "-c", "one=./nowhere", "-c", "two=./neither")

    assert done.returncode == 2
    assert done.stderr.count("No files found") == 2


def test_an_algorithms_document_is_held_against_the_request(desk: Any) -> None:
    program = desk.program("algorithm", "true")
    (desk.folder / "algorithm.json").write_text(
        json.dumps(
            {
                "AlgorithmName": "mine",
                "TrainingSpecification": {
                    "TrainingImage": "mine:latest",
                    "SupportedTrainingInstanceTypes": ["ml.m5.large"],
                    "TrainingChannels": [
                        {
                            "Name": "train",
                            "IsRequired": True,
                            "SupportedContentTypes": ["text/csv"],
                            "SupportedInputModes": ["File"],
                        }
                    ],
                    "SupportedHyperParameters": [
                        {"Name": "eta", "Type": "Continuous", "IsRequired": True}
                    ],
                },
            }
        )
    )

    done = desk.run("run", program, "--algorithm", "algorithm.json", "-p", "depth=3")

    assert done.returncode == 2
    assert "Required input channel: train Was not provided." in done.stderr
    assert "Required hyperparameter: eta is not set" in done.stderr
    assert "Invalid hyperparameter: depth is not supported by mine" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run"], "TARGET is missing"),
        (["run", "./nowhere"], "./nowhere: there is no such program or folder"),
        (["run", "."], "has neither an executable train nor a train.py"),
        (["run", ""], "TARGET is empty"),
        (["check", "."], "has neither an executable train nor a train.py"),
        (["run", "/bin/true", "--region", "nowhere"], "'--region': 'nowhere' is no region"),
        (["run", "train.py"], "train.py:latest"),
        (["run", "image:1", "--engine", "process"], "image:1 is an image"),
        (["run", "/bin/true", "--engine", "podman"], "/bin/true is a program"),
        (["run", "/bin/true", "--memory", "much"], "'--memory': 'much' is no size"),
        (["run", "/bin/true", "--memory", "1g"], "--memory is for images"),
        (["run", "/bin/true", "--memory-reserve", "5%"], "--memory-reserve is for images"),
        (["run", "image:1", "--memory-reserve", "some"], "'some' is no amount of memory"),
        (["run", "/bin/true", "--shm-size", "1g"], "--shm-size is for images"),
        (["run", "/bin/true", "--platform", "linux/arm64"], "--platform is for images"),
        (["run", "/bin/true", "--user", "1000"], "--user is for images"),
        (["run", "/bin/true", "--credentials", "mine"], "choose none, env or profile=NAME"),
        (["run", "/bin/true", "--shell"], "--shell needs a terminal"),
        (["run", "/bin/true", "--shell", "--detach"], "--detach and --shell exclude one another"),
        (["run", "/bin/true", "--s3-root", "nowhere"], "--s3-root nowhere: there is no such"),
        (["run", "/bin/true", "--entrypoint", "'"], "--entrypoint"),
        (["run", "/bin/true", "--tag", "="], "--tag"),
        (["run", "/bin/true", "--request", "nowhere.json"], "nowhere.json: cannot be read"),
        (["run", "image", "--build", "nowhere"], "there is no Dockerfile"),
    ],
)
def test_bad_input_is_one_line(invoke: Any, words: list[str], said: str) -> None:
    done = invoke(*words)

    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == ""


def test_a_home_that_cannot_be_made_is_bad_input(desk: Any) -> None:
    desk.home.write_text("a file")

    done = desk.run("run", "/bin/true")

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "SM_CONTAINER_HOME" in done.stderr
    desk.home.unlink()


def test_a_reader_that_goes_away_does_not_take_the_job_along(desk: Any) -> None:
    gone = desk.folder / "the reader is gone"
    program = desk.program(
        "algorithm",
        f"echo line 0; until [ -e {shlex.quote(str(gone))} ]; do sleep 0.01; done\n"
        "i=1; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo x > /opt/ml/model/x",
    )
    process = desk.start("run", program, "--name", "unread")
    assert process.stdout is not None
    assert process.stdout.readline() == "line 0\n"
    process.stdout.close()
    gone.touch()

    said = process.stderr.read()

    assert process.wait(timeout=60) == 0
    assert "the log cannot be shown any more" in said
    assert "Traceback" not in said
    assert desk.run("logs", "unread").stdout.splitlines()[-1] == "line 2999"


def test_both_streams_may_be_closed(desk: Any) -> None:
    program = desk.program("algorithm", "echo one; sleep 0.5; echo two")
    process = desk.start("run", program, "--name", "alone")
    process.stdout.close()
    process.stderr.close()

    assert process.wait(timeout=60) == 0
    assert desk.run("logs", "alone").stdout == "one\ntwo\n"


def test_bytes_come_through_as_they_are(desk: Any) -> None:
    program = desk.program("algorithm", r"printf 'caf\303\251 \377\376 \033[1m bar\r\nno end'")

    process = desk.start("run", program, "--name", "bytes")
    out = process.stdout.buffer.read()

    assert out == b"caf\xc3\xa9 \xff\xfe \x1b[1m bar\r\nno end\n"


def test_detach_wait_and_follow(desk: Any) -> None:
    program = desk.program("algorithm", "echo one; sleep 1; echo two; exit 5")

    detached = desk.run("run", program, "--detach", "--name", "later")

    assert detached.returncode == 0
    assert detached.stdout == "later\n"
    assert desk.run("ps", "--quiet").stdout == "later\n"
    followed = desk.run("logs", "-f", "later")
    assert followed.stdout == "one\ntwo\n"
    waited = desk.run("wait", "later")
    assert waited.returncode == 5
    assert waited.stdout == "later Failed\n"
    assert desk.run("ps", "--quiet").stdout == ""
    assert desk.run("ps", "--all", "--quiet", "--status", "Failed").stdout == "later\n"


def test_a_detached_job_that_cannot_start_is_recorded(desk: Any, data: str) -> None:
    """What was there when the job was made is gone when its owner looks again."""
    program = desk.program("algorithm", "true")
    (desk.folder / "sitecustomize.py").write_text(
        "import shutil, sys\n"
        "if any('life.owner' in each for each in sys.orig_argv):\n"
        f"    shutil.rmtree({str(desk.folder / 'some data')!r})\n"
    )

    detached = desk.run(
        *("run", program, "-c", f"train={data}", "--detach", "--name", "later"),
        variables={"PYTHONPATH": str(desk.folder)},
    )
    assert detached.returncode == 0, detached.stderr

    assert desk.run("wait", "later").returncode == 125
    found = json.loads(desk.run("describe", "later", "--json").stdout)
    assert found["TrainingJobStatus"] == "Failed"
    assert "No files found" in found["SmContainer"]["Fault"]


def test_a_job_without_a_model_names_none(desk: Any) -> None:
    done = desk.run("run", desk.program("nothing", "true"), "--name", "none")

    assert "model          none: nothing was left" in done.stderr
    assert "none: nothing was left in /opt/ml/model" in desk.run("describe", "none").stdout


def test_a_place_for_artifacts_that_cannot_be_is_refused_before(desk: Any) -> None:
    program = desk.program("algorithm", "echo weights > /opt/ml/model/weights")
    (desk.folder / "file").write_text("no folder")
    absent = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}
    absent |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}

    local = desk.run("run", program, "--output", "file/models")
    remote = desk.run("run", program, "--output", "s3://bucket/models", variables=absent)

    assert (local.returncode, remote.returncode) == (2, 2)
    assert "file is not a folder; name another place" in local.stderr
    assert "no AWS credentials were found" in remote.stderr
    assert "--s3-root DIR" in remote.stderr
    assert "AWS_ENDPOINT_URL" in remote.stderr
    assert desk.run("ps", "--all", "--quiet").stdout == ""


def test_an_algorithms_metrics_are_the_jobs(desk: Any) -> None:
    program = desk.program("algorithm", "echo 'loss=1;'; echo 'my loss: 2;'; echo 'rmse=3;'")
    (desk.folder / "algorithm.json").write_text(
        json.dumps(
            {
                "AlgorithmName": "mine",
                "TrainingSpecification": {
                    "TrainingImage": "mine:latest",
                    "SupportedTrainingInstanceTypes": ["ml.m5.large"],
                    "TrainingChannels": [],
                    "MetricDefinitions": [
                        {"Name": "loss", "Regex": "loss=(.*?);"},
                        {"Name": "rmse", "Regex": "rmse=(.*?);"},
                    ],
                },
            }
        )
    )

    done = desk.run(
        *("run", program, "--algorithm", "algorithm.json", "--metric", "loss=my loss: (.*?);"),
        "--json",
    )

    assert done.returncode == 0, done.stderr
    found = {each["MetricName"]: each["Value"] for each in document(done)["FinalMetricDataList"]}
    assert found == {"loss": 2.0, "rmse": 3.0}
