"""Languages: declared unless contradicted with confidence, absent rather than guessed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.normalise.language import Language, language
from worker.core.normalise.tags import primary, tag
from worker.core.normalise.text import fold

NEWS = {
    "ar": "تفتح مكتبة المدينة أبوابها من جديد يوم الاثنين بعد عام من أعمال الترميم وفي قاعة الأطفال نوافذ جديدة.",
    "de": "Die Stadtbücherei öffnet am Montag nach einem Jahr Umbau wieder, und das Kinderzimmer hat neue Fenster.",
    "el": "Η δημοτική βιβλιοθήκη ανοίγει ξανά τη Δευτέρα μετά από έναν χρόνο εργασιών και έχει νέα παράθυρα.",
    "en": "The town library opens again on Monday after a year of repairs, and the children's room has new windows.",
    "es": "La biblioteca municipal vuelve a abrir el lunes tras un año de obras y la sala infantil tiene ventanas nuevas.",
    "fr": "La bibliothèque municipale rouvre lundi après un an de travaux et la salle des enfants a de nouvelles fenêtres.",
    "he": "הספרייה העירונית תיפתח מחדש ביום שני אחרי שנה של שיפוצים, ובחדר הילדים יש חלונות חדשים.",
    "hi": "नगर पुस्तकालय एक वर्ष की मरम्मत के बाद सोमवार को फिर से खुलेगा और बच्चों के कमरे में नई खिड़कियाँ हैं।",
    "ja": "市立図書館は一年間の改修を終えて月曜日に再び開館し、子どもの部屋の窓も新しくなりました。",
    "ko": "시립 도서관이 일 년간의 보수를 마치고 월요일에 다시 문을 열며 어린이실에는 새 창문이 생겼다.",
    "ru": "Городская библиотека снова откроется в понедельник после года ремонта, в детском зале новые окна.",
    "th": "ห้องสมุดประจำเมืองจะเปิดอีกครั้งในวันจันทร์หลังจากซ่อมแซมมาหนึ่งปี และห้องเด็กมีหน้าต่างใหม่",
    "zh": "市立图书馆经过一年的维修，将于星期一重新开放，儿童阅览室换上了新窗户。",
}


@pytest.mark.parametrize("code", NEWS)
def test_an_undeclared_language_is_detected_and_says_how_surely(code):
    found = language(None, None, NEWS[code])
    assert (found.value, found.basis, found.declared) == (code, "detected", None)
    assert 0.8 <= found.confidence <= 1


@pytest.mark.parametrize("code", sorted(NEWS.keys() - {"en"}))
def test_a_contradicted_declaration_is_kept_beside_what_was_detected(code):
    found = language("en-US", None, NEWS[code])
    assert (found.value, found.basis, found.declared) == (code, "detected", "en-US")


@pytest.mark.parametrize("code", NEWS)
def test_a_declaration_that_fits_stays_with_its_region(code):
    assert language(f"{code}_xx", None, NEWS[code]) == Language(f"{code}-XX", "declared")


@pytest.mark.parametrize("body", ["", "Hi", "Goal!", "1:0", "2023-01-09 10:00", "市立图书馆", "€ 5.000.000,-"])
def test_a_short_text_says_no_language(body):
    assert language(None, None, body) == Language(None, "absent")
    assert language("pt-BR", None, body) == Language("pt-BR", "declared")


def test_han_alone_is_not_guessed_to_be_japanese():
    assert language(None, None, "市立图书馆经过一").value != "ja"


def test_letters_without_words_say_no_language():
    assert language(None, None, "xq zzv kqj wxr pfh tqk vvx bzn qqw").value is None


def test_the_headline_counts_too():
    assert language(None, NEWS["fr"], "").value == "fr"


def test_only_the_beginning_is_looked_at():
    assert language(None, None, NEWS["de"] * 4 + NEWS["en"] * 40).value == "de"


def test_a_beginning_that_leaves_no_doubt_is_the_answer():
    doubtless = NEWS["de"] * 2
    assert language(None, None, doubtless[:160] + NEWS["en"] * 2) == language(None, None, doubtless[:160])


def test_a_beginning_of_few_letters_is_no_answer():
    results = "1 2 3 4 5 6 7 8 9 " * 7
    assert language(None, None, results + "Nichts für ungut, sagte der Bäcker. " + NEWS["fr"] * 3).value == "fr"


def test_a_beginning_in_doubt_leaves_it_to_all_of_the_text():
    mixed = "Reading Borough Council Open Data Release Windows Server Update Google Cloud Summit Berlin Hamburg 2026 London "
    found = language(None, None, mixed + NEWS["fr"] * 3)
    assert found.value == "fr"
    assert found.confidence > 0.8  # of 160 characters it is 0.51


def test_capitals_are_read_too():
    assert language(None, None, NEWS["fr"].upper()).value == "fr"


def test_neighbours_that_detection_mixes_up_do_not_contradict_each_other():
    norwegian = "Byens bibliotek åpner igjen på mandag etter et år med oppussing, og barnerommet har fått nye vinduer."
    for declared in ("nb", "no", "da"):
        assert language(declared, None, norwegian) == Language(declared, "declared")


@pytest.mark.parametrize("declared", ["und", "mul", "zxx", "mis", "English", "", "x", None])
def test_what_says_nothing_counts_as_undeclared(declared):
    assert language(declared, None, NEWS["de"]).declared is None
    assert language(declared, None, "kurz") == Language(None, "absent")


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ("EN", "en"),
        ("nl_be", "nl-BE"),
        (" eng ", "en"),
        ("ger-at", "de-AT"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("iw", "he"),
        ("es-419", "es-419"),
        ("sl-rozaj-biske", "sl-rozaj-biske"),
        ("de-DE-x-private", "de-DE-x-private"),
        ("English", None),
        ("en us", None),
        ("e", None),
        ("en-", None),
        ("x" * 100, None),
        (None, None),
    ],
)
def test_tags_are_written_as_bcp_47_asks(declared, written):
    assert tag(declared) == written
    if written:
        assert tag(written) == written
        assert primary(written) == written.split("-")[0]


@given(
    st.none() | st.text(max_size=12),
    st.text(st.characters(codec=None)),
    st.text(st.characters(codec=None), min_size=10),
)
def test_any_text_gives_a_language_or_none(declared, headline, body):
    found = language(declared, fold(headline), fold(body))
    assert found.basis in ("declared", "detected", "absent")
    assert (found.value is None) == (found.basis == "absent")
    assert (found.confidence is None) == (found.basis != "detected")
