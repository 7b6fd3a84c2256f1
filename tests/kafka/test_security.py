"""How the worker gets in, and what it says when it doesn't: one sentence that tells what to do, soon, and no secret."""

import uuid

import pytest
from cryptography.hazmat.primitives import serialization
from kafka.acls import Acl, May, Named, On, allow
from kafka.clients import administering
from kafka.commands import news_worker
from kafka.secured import PASSWORDS, Authority

SECRET, KEY_SECRET = PASSWORDS["worker"], "the key's secret"
TOPICS, IDS = (May.CREATE, May.READ, May.WRITE, May.DESCRIBE_CONFIGS), (May.WRITE,)


@pytest.fixture(scope="module")
def papers(kafka_secured):
    return kafka_secured.authority.certify("worker")


@pytest.fixture(scope="module")
def locked(papers, tmp_path_factory):
    """The key of the certificate, under a password."""
    key = serialization.load_pem_private_key(papers.key.read_bytes(), None)
    form, lock = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(KEY_SECRET.encode())
    path = tmp_path_factory.mktemp("locked") / "worker.key"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, lock))
    return path


@pytest.fixture
def by_password(kafka_secured):
    """A way in that works; tests spoil it."""
    return {
        "broker": f"kafka://{kafka_secured.cluster.by('PASSWORD')}",
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_username": "worker",
        "kafka_sasl_password": SECRET,
        "kafka_ssl_cafile": kafka_secured.authority.ca,
    }


@pytest.fixture
def by_certificate(kafka_secured, papers):
    return {
        "broker": f"kafka://{kafka_secured.cluster.by('MUTUAL')}",
        "kafka_security_protocol": "SSL",
        "kafka_ssl_cafile": papers.ca,
        "kafka_ssl_certfile": papers.certificate,
        "kafka_ssl_keyfile": papers.key,
    }


@pytest.fixture
async def prefix(kafka_secured):
    """Of topics that the worker may use."""
    name = f"security-{uuid.uuid4().hex[:8]}."
    async with administering(kafka_secured.cluster.admin) as admin:
        await allow(
            admin,
            *(Acl("worker", may, On.TOPIC, name, Named.FROM) for may in TOPICS),
            *(Acl("worker", may, On.TRANSACTIONAL_ID, name, Named.FROM) for may in IDS),
        )
    return name


@pytest.fixture
def articles(tmp_path):
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "one.txt").write_text("date 2023-01\nThe ferry runs again after the storm of last week.")
    return folder


def does(command, prefix, **way):
    """What it writes; whatever is logged too holds no secret."""
    outcome = news_worker(*command, prefix=prefix, kafka_partitions=1, log_level="debug", **way)
    assert outcome.code == 0, outcome.said
    assert SECRET not in outcome.everything
    assert KEY_SECRET not in outcome.everything
    return outcome.out


def works(prefix, articles, **way):
    does(["topics", "create"], prefix, **way)
    does(["replay", articles], prefix, **way)
    assert "ferry" in does(["tail", "articles"], prefix, **way)
    does(["check", "--show"], prefix, **way)


def misconfigured(**way):
    """The one sentence that it says, before anybody is asked."""
    return refused(fine="", **way)


def refused(*, code=2, fine="configuration: fine\n", **way):
    """The one sentence that it says."""
    outcome = news_worker("check", **way)
    assert outcome.code == code, outcome.said
    assert outcome.out == fine
    assert all(secret not in outcome.everything for secret in (SECRET, KEY_SECRET, "another secret"))
    (sentence,) = outcome.said.splitlines()
    return sentence


async def test_a_password_lets_in(by_password, prefix, articles):
    works(prefix, articles, **by_password)


async def test_a_password_may_go_as_it_is_and_lie_in_the_secrets_directory(by_password, prefix, tmp_path):
    del by_password["kafka_sasl_password"]
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "kafka_sasl_password").write_text(f"{SECRET}\n")
    way = {**by_password, "kafka_sasl_mechanism": "PLAIN", "secrets_dir": tmp_path / "secrets"}
    does(["topics", "create"], prefix, **way)
    shown = does(["check", "--show"], prefix, **way).splitlines()
    assert f"kafka_sasl_password\t***\tsecrets file {tmp_path}/secrets/kafka_sasl_password" in shown


async def test_a_certificate_lets_in(by_certificate, prefix):
    does(["topics", "create"], prefix, **by_certificate)


async def test_the_key_may_have_a_password(by_certificate, prefix, articles, locked):
    works(prefix, articles, **{**by_certificate, "kafka_ssl_keyfile": locked, "kafka_ssl_password": KEY_SECRET})


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_a_wrong_password_is_said(by_password, mechanism):
    way = {**by_password, "kafka_sasl_password": "another secret", "kafka_sasl_mechanism": mechanism}
    assert "does not know the user, or the password is wrong: see kafka_sasl_username" in refused(**way)


def test_a_mechanism_that_is_not_offered_is_said(by_password):
    assert "set kafka_sasl_mechanism" in refused(**by_password, kafka_sasl_mechanism="SCRAM-SHA-256")


def test_a_broker_that_an_unknown_authority_vouches_for_is_not_spoken_to(by_password, tmp_path):
    other = Authority(tmp_path / "other").ca
    assert "set kafka_ssl_cafile to the authority" in refused(**{**by_password, "kafka_ssl_cafile": other})
    del by_password["kafka_ssl_cafile"]
    assert "set kafka_ssl_cafile to the authority" in refused(**by_password)


def test_a_broker_whose_certificate_is_for_another_name_is_not_spoken_to(by_password):
    numeric = by_password["broker"].replace("127.0.0.1", "[::ffff:127.0.0.1]")
    assert "its certificate is for another name" in refused(**{**by_password, "broker": numeric})


def test_a_client_without_a_certificate_is_told_to_set_one(by_certificate):
    del by_certificate["kafka_ssl_certfile"], by_certificate["kafka_ssl_keyfile"]
    assert "wants a certificate of the client: set kafka_ssl_certfile" in refused(**by_certificate)


def test_a_certificate_that_the_broker_does_not_trust_is_said(by_certificate, tmp_path):
    forged = Authority(tmp_path / "other").certify("worker")
    way = {**by_certificate, "kafka_ssl_certfile": forged.certificate, "kafka_ssl_keyfile": forged.key}
    assert "does not trust the certificate in kafka_ssl_certfile" in refused(**way)


@pytest.mark.parametrize("listener", ["PASSWORD", "MUTUAL"])
def test_a_port_that_speaks_tls_is_said(kafka_secured, listener):
    assert "it speaks TLS: set" in refused(broker=f"kafka://{kafka_secured.cluster.by(listener)}")


@pytest.mark.parametrize("way", ["by_password", "by_certificate"])
def test_a_port_that_speaks_no_tls_is_said(request, kafka, way):
    way = {**request.getfixturevalue(way), "broker": f"kafka://{kafka.bootstrap}"}
    assert "it speaks no TLS: set" in refused(**way)


def test_a_port_that_wants_no_password_is_said(kafka):
    way = {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_username": "worker", "kafka_sasl_password": SECRET}
    assert "it wants no user and password here: set" in refused(broker=f"kafka://{kafka.bootstrap}", **way)


def test_a_port_that_wants_a_password_is_said(by_certificate, kafka_secured):
    way = {**by_certificate, "broker": f"kafka://{kafka_secured.cluster.by('PASSWORD')}"}
    assert "it wants a user and a password: set kafka_security_protocol to SASL_SSL" in refused(**way)


def test_a_key_that_needs_a_password_is_said_and_nobody_is_asked(by_certificate, locked):
    way = {**by_certificate, "kafka_ssl_keyfile": locked}
    assert "set kafka_ssl_password" in misconfigured(**way)
    assert "kafka_ssl_password is not the key's" in misconfigured(**way, kafka_ssl_password="another secret")


def test_a_key_of_another_certificate_is_said(by_certificate, tmp_path):
    way = {**by_certificate, "kafka_ssl_keyfile": Authority(tmp_path / "other").certify("worker").key}
    assert "does not belong to the certificate" in misconfigured(**way)


@pytest.mark.parametrize("name", ["kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile"])
def test_a_file_that_is_not_there_is_said_by_its_setting(by_certificate, tmp_path, name):
    missing = tmp_path / "none.pem"
    assert f"{name} {missing} can't be read: No such file" in misconfigured(**{**by_certificate, name: missing})


def test_an_authority_that_is_no_certificate_is_said(by_certificate, tmp_path):
    (tmp_path / "text.pem").write_text("no certificate")
    way = {**by_certificate, "kafka_ssl_cafile": tmp_path / "text.pem"}
    assert "holds no certificate in PEM" in misconfigured(**way)


@pytest.mark.parametrize(
    ("server", "said"), [("127.0.0.1:9", "nobody listens there"), ("no-such-host.invalid", "no such name is known")]
)
def test_a_broker_that_is_merely_away_is_another_exit_code(server, said):
    assert said in refused(code=3, broker=f"kafka://{server}")
