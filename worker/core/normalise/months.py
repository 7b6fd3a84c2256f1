"""Names of months and weekdays in the languages of Europe's and Asia's large press, and which of them a date is written in.

A word may mean different months in different languages (`listopada`: November in Polish, October in Croatian; `lip`: July or
June): it counts only where every language that knows it, and the weekday beside it, agrees.
"""

from __future__ import annotations

import re
from functools import cache
from unicodedata import normalize

from worker.core.normalise.text import fold

# A colon ends the shortest abbreviation in use; all between it and the whole word are read. Slashes part forms. Twelve a language.
NAMES = {
    "en": "jan:uary feb:ruary mar:ch apr:il may jun:e jul:y aug:ust sep:tember oct:ober nov:ember dec:ember",
    "de": "jan:uar/jän:ner feb:ruar/feber mär:z/mrz/maerz apr:il mai jun:i jul:i aug:ust sep:tember okt:ober nov:ember dez:ember",
    "nl": "jan:uari feb:ruari maart/mrt/maa apr:il mei jun:i jul:i aug:ustus sep:tember okt:ober nov:ember dec:ember",
    "fr": "jan:vier fév:rier mar:s avr:il mai juin jui:llet/juil/jul aoû:t sep:tembre oct:obre nov:embre déc:embre",
    "es": "ene:ro feb:rero mar:zo abr:il may:o jun:io jul:io ago:sto sep:tiembre/set:iembre oct:ubre nov:iembre dic:iembre",
    "pt": "jan:eiro fev:ereiro mar:ço abr:il mai:o jun:ho jul:ho ago:sto set:embro out:ubro nov:embro dez:embro",
    "it": "gen:naio feb:braio mar:zo apr:ile mag:gio giu:gno lug:lio ago:sto set:tembre ott:obre nov:embre dic:embre",
    "ca": "gen:er feb:rer març abr:il maig jun:y jul:iol ago:st set:embre oct:ubre nov:embre des:embre",
    "pl": "sty:cznia/styczeń lut:ego/luty mar:ca/marzec kwi:etnia/kwiecień maj/maja cze:rwca/czerwiec lip:ca/lipiec "
    "sie:rpnia/sierpień wrz:eśnia/wrzesień paź:dziernika/październik lis:topada/listopad gru:dnia/grudzień",
    "cs": "led:na/leden úno:ra/únor bře:zna/březen dub:na/duben kvě:tna/květen června/červen/čvn července/červenec/čvc "
    "srp:na/srpen zář:í říj:na/říjen lis:topadu/listopad pro:since/prosinec",
    "sk": "jan:uára/január feb:ruára/február mar:ca/marec apr:íla/apríl máj/mája jún/júna júl/júla aug:usta/august "
    "sep:tembra/september okt:óbra/október nov:embra/november dec:embra/december",
    "sl": "jan:uarja/januar feb:ruarja/februar mar:ca/marec apr:ila/april maj/maja jun:ija/junij jul:ija/julij avg:usta/avgust "
    "sep:tembra/september okt:obra/oktober nov:embra/november dec:embra/december",
    "hr": "sij:ečnja/siječanj velj:ače/veljača ožu:jka/ožujak tra:vnja/travanj svi:bnja/svibanj lip:nja/lipanj srp:nja/srpanj "
    "kol:ovoza/kolovoz ruj:na/rujan lis:topada/listopad stu:denoga/studenog/studeni pro:sinca/prosinac",
    "sr": "jan:uar/jan:uara feb:ruar/feb:ruara mar:t/marta apr:il/aprila maj/maja jun/juna jul/jula avg:ust/avgusta "
    "sep:tembar/septembra okt:obar/oktobra nov:embar/novembra dec:embar/decembra",
    "sr-Cyrl": "јан:уар/јануара феб:руар/фебруара мар:т/марта апр:ил/априла мај/маја јун/јуна јул/јула авг:уст/августа "
    "сеп:тембар/септембра окт:обар/октобра нов:ембар/новембра дец:ембар/децембра",
    "hu": "jan:uár feb:ruár/február már:cius ápr:ilis máj:us jún:ius júl:ius aug:usztus szep:tember okt:óber nov:ember dec:ember",
    "ro": "ian:uarie feb:ruarie mar:tie apr:ilie mai iun:ie iul:ie aug:ust sep:tembrie oct:ombrie noi:embrie/nov dec:embrie",
    "sv": "jan:uari feb:ruari mar:s apr:il maj jun:i jul:i aug:usti sep:tember okt:ober nov:ember dec:ember",
    "da": "jan:uar feb:ruar mar:ts apr:il maj jun:i jul:i aug:ust sep:tember okt:ober nov:ember dec:ember",
    "no": "jan:uar feb:ruar mar:s apr:il mai jun:i jul:i aug:ust sep:tember okt:ober nov:ember des:ember",
    "is": "jan:úar feb:rúar mar:s apr:íl maí jún:í júl:í ágú:st sep:tember okt:óber nóv:ember des:ember",
    "fi": "tammi:kuuta/tammikuu helmi:kuuta/helmikuu maalis:kuuta/maaliskuu huhti:kuuta/huhtikuu touko:kuuta/toukokuu "
    "kesä:kuuta/kesäkuu heinä:kuuta/heinäkuu elo:kuuta/elokuu syys:kuuta/syyskuu loka:kuuta/lokakuu "
    "marras:kuuta/marraskuu joulu:kuuta/joulukuu",
    "et": "jaan:uar veebr:uar märts apr:illill/aprill mai juuni juuli aug:ust sept:ember okt:oober nov:ember dets:ember",
    "lv": "jan:vāris/janvārī feb:ruāris/februārī mar:ts/martā apr:īlis/aprīlī mai:js/maijā jūn:ijs/jūnijā jūl:ijs/jūlijā "
    "aug:usts/augustā sep:tembris/septembrī okt:obris/oktobrī nov:embris/novembrī dec:embris/decembrī",
    "lt": "sau:sio/sausis vas:ario/vasaris kov:o/kovas bal:andžio/balandis geg:užės/gegužė bir:želio/birželis lie:pos/liepa "
    "rugp:jūčio/rugpjūtis rugs:ėjo/rugsėjis spa:lio/spalis lap:kričio/lapkritis gru:odžio/gruodis",
    "el": "ιαν:ουαρίου/ιανουάριος φεβ:ρουαρίου/φεβρουάριος μαρ:τίου/μάρτιος απρ:ιλίου/απρίλιος μαΐ:ου/μάιος ιουν:ίου/ιούνιος "
    "ιουλ:ίου/ιούλιος αυγ:ούστου/αύγουστος σεπ:τεμβρίου/σεπτέμβριος οκτ:ωβρίου/οκτώβριος νοε:μβρίου/νοέμβριος "
    "δεκ:εμβρίου/δεκέμβριος",
    "ru": "янв:аря/январь фев:раля/февраль мар:та/март апр:еля/апрель мая/май июн:я/июнь июл:я/июль авг:уста/август "
    "сен:тября/сентябрь окт:ября/октябрь ноя:бря/ноябрь дек:абря/декабрь",
    "uk": "січ:ня/січень лют:ого/лютий бер:езня/березень кві:тня/квітень тра:вня/травень чер:вня/червень лип:ня/липень "
    "сер:пня/серпень вер:есня/вересень жов:тня/жовтень лис:топада/листопад гру:дня/грудень",
    "be": "сту:дзеня/студзень лют:ага/люты сак:авіка/сакавік кра:савіка/красавік мая/май чэр:веня/чэрвень ліп:еня/ліпень "
    "жні:ўня/жнівень вер:асня/верасень кас:трычніка/кастрычнік ліс:тапада/лістапад сне:жня/снежань",
    "bg": "яну:ари фев:руари мар:т апр:ил май юни юли авг:уст сеп:тември окт:омври ное:мври дек:ември",
    "tr": "oca:k şub:at mar:t nis:an may:ıs haz:iran tem:muz ağu:stos eyl:ül eki:m kas:ım ara:lık",
    "az": "yan:var fev:ral mar:t apr:el may iyn:un/iyun iyl:ul/iyul avq:ust sen:tyabr okt:yabr noy:abr dek:abr",
    "id": "jan:uari feb:ruari mar:et apr:il mei jun:i jul:i agu:stus/agt/ags sep:tember okt:ober nov:ember/nop:ember des:ember",
    "ms": "jan:uari feb:ruari mac apr:il mei jun jul:ai ogo:s sep:tember okt:ober nov:ember dis:ember",
    "ar": "يناير/كانونالثاني/جانفي فبراير/شباط/فيفري مارس/آذار/اذار أبريل/ابريل/إبريل/نيسان/أفريل مايو/أيار/ايار/ماي "
    "يونيو/يونيه/حزيران/جوان يوليو/يوليه/تموز/جويلية أغسطس/اغسطس/آب/أوت سبتمبر/أيلول/ايلول/شتنبر "
    "أكتوبر/اكتوبر/تشرينالأول/تشرينالاول نوفمبر/تشرينالثاني/نونبر ديسمبر/كانونالأول/كانونالاول/دجنبر",
    # Gregorian months; the Persian calendar's are not read.
    "fa": "ژانویه فوریه مارس آوریل مه/می ژوئن ژوئیه/جولای اوت/آگوست سپتامبر اکتبر نوامبر دسامبر",
    "ur": "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر",
    "he": "ינואר/בינואר פברואר/בפברואר מרץ/במרץ/מרס/במרס אפריל/באפריל מאי/במאי יוני/ביוני יולי/ביולי אוגוסט/באוגוסט "
    "ספטמבר/בספטמבר אוקטובר/באוקטובר נובמבר/בנובמבר דצמבר/בדצמבר",
    "hi": "जनवरी/जन फ़रवरी/फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर/सितम्बर अक्टूबर/अक्तूबर नवंबर/नवम्बर दिसंबर/दिसम्बर",
    "bn": "জানুয়ারি/জানুয়ারী ফেব্রুয়ারি/ফেব্রুয়ারী মার্চ এপ্রিল মে জুন জুলাই আগস্ট সেপ্টেম্বর অক্টোবর নভেম্বর ডিসেম্বর",
    "ta": "ஜனவரி பிப்ரவரி மார்ச் ஏப்ரல் மே ஜூன் ஜூலை ஆகஸ்ட் செப்டம்பர் அக்டோபர் நவம்பர் டிசம்பர்",
    "th": "มกราคม/มค กุมภาพันธ์/กพ มีนาคม/มีค เมษายน/เมย พฤษภาคม/พค มิถุนายน/มิย กรกฎาคม/กค สิงหาคม/สค กันยายน/กย ตุลาคม/ตค "
    "พฤศจิกายน/พย ธันวาคม/ธค",
    # Joined to what stands before it: `tháng hai`.
    "vi": "thánggiêng/thángmột thánghai thángba thángtư thángnăm thángsáu thángbảy thángtám thángchín thángmười "
    "thángmườimột thángmườihai",
}
_WEEKDAYS = {
    "en": "mon:day tue:sday wed:nesday thu:rsday fri:day sat:urday sun:day",
    "de": "mo:ntag di:enstag mi:ttwoch do:nnerstag fr:eitag sa:mstag/sonnabend so:nntag",
    "nl": "ma:andag di:nsdag wo:ensdag do:nderdag vr:ijdag za:terdag zo:ndag",
    "fr": "lu:ndi ma:rdi me:rcredi je:udi ve:ndredi sa:medi di:manche",
    "es": "lu:nes ma:rtes mi:ércoles ju:eves vi:ernes sá:bado do:mingo",
    "pt": "seg:unda-feira ter:ça-feira qua:rta-feira qui:nta-feira sex:ta-feira sáb:ado dom:ingo",
    "it": "lu:nedì ma:rtedì me:rcoledì gi:ovedì ve:nerdì sa:bato do:menica",
    "ca": "dl/dilluns dt/dimarts dc/dimecres dj/dijous dv/divendres ds/dissabte dg/diumenge",
    "pl": "pn/pon:iedziałek wt:orek śr:oda cz:wartek pt/pią:tek so:bota nd/nie:dziela",
    "cs": "po:ndělí út:erý st:ředa čt:vrtek pá:tek so:bota ne:děle",
    "sk": "po:ndelok ut:orok st:reda št:vrtok pi:atok so:bota ne:deľa",
    "sl": "pon:edeljek tor:ek sre:da čet:rtek pet:ek sob:ota ned:elja",
    "hr": "pon:edjeljak uto:rak sri:jeda čet:vrtak pet:ak sub:ota ned:jelja",
    "sr": "pon:edeljak uto:rak sre:da čet:vrtak pet:ak sub:ota ned:elja",
    "sr-Cyrl": "пон:едељак уто:рак сре:да чет:вртак пет:ак суб:ота нед:еља",
    "hu": "hé:tfő/hétfőn ke:dd/kedden sze:rda cs:ütörtök pé:ntek szo:mbat va:sárnap",
    "ro": "lu:ni ma:rți/marţi mi:ercuri jo:i vi:neri sâ:mbătă du:minică",
    "sv": "må:ndag ti:sdag on:sdag to:rsdag fr:edag lö:rdag sö:ndag",
    "da": "ma:ndag ti:rsdag on:sdag to:rsdag fr:edag lø:rdag sø:ndag",
    "no": "ma:ndag ti:rsdag on:sdag to:rsdag fr:edag lø:rdag sø:ndag",
    "is": "mán:udagur þri:ðjudagur mið:vikudagur fim:mtudagur fös:tudagur lau:gardagur sun:nudagur",
    "fi": "ma:anantai/maanantaina ti:istai/tiistaina ke:skiviikko/keskiviikkona to:rstai/torstaina pe:rjantai/perjantaina "
    "la:uantai/lauantaina su:nnuntai/sunnuntaina",
    "et": "esmaspäev teisipäev kolmapäev neljapäev reede laupäev pühapäev",
    "lv": "pirmd:iena otrd:iena trešd:iena ceturtd:iena piektd:iena sestd:iena svētd:iena",
    "lt": "pir:madienis ant:radienis tre:čiadienis ket:virtadienis pen:ktadienis šeš:tadienis sek:madienis",
    "el": "δευ:τέρα τρί:τη τετ:άρτη πέμ:πτη παρ:ασκευή σάβ:βατο/σαβ κυρ:ιακή",
    "ru": "пн/понедельник вт:орник ср:еда/среду чт/четверг пт/пятница/пятницу сб/суббота/субботу вс/воскресенье",
    "uk": "пн/понеділок вт/вівторок ср/середа чт/четвер пт/пʼятниця/п'ятниця сб/субота нд/неділя",
    "be": "панядзелак аўторак серада чацвер пятніца субота нядзеля",
    "bg": "пн/понеделник вт:орник ср:яда чт/четвъртък пт/петък сб/събота нд/неделя",
    "tr": "pzt/pazartesi sal:ı çar:şamba per:şembe cum:a cmt/cumartesi paz:ar",
    "az": "bazarertəsi çərşənbəaxşamı çərşənbə cüməaxşamı cümə şənbə bazar",
    "id": "sen:in sel:asa rab:u kam:is jum:at sab:tu min:ggu/ahad",
    "ms": "isn:in sel:asa rab:u kha:mis jum:aat sab:tu ahd/ahad",
    "ar": "الاثنين/الإثنين الثلاثاء الأربعاء/الاربعاء الخميس الجمعة السبت الأحد/الاحد",
    "fa": "دوشنبه سهشنبه چهارشنبه پنجشنبه جمعه شنبه یکشنبه",
    "ur": "پیر منگل بدھ جمعرات جمعہ ہفتہ اتوار",
    "he": "שני/יוםשני שלישי/יוםשלישי רביעי/יוםרביעי חמישי/יוםחמישי שישי/יוםשישי שבת ראשון/יוםראשון",
    "hi": "सोम:वार मंगल:वार बुध:वार गुरु:वार शुक्र:वार शनि:वार रवि:वार",
    "bn": "সোমবার মঙ্গলবার বুধবার বৃহস্পতিবার শুক্রবার শনিবার রবিবার",
    "ta": "திங்கள் செவ்வாய் புதன் வியாழன் வெள்ளி சனி ஞாயிறு",
    "th": "จันทร์/วันจันทร์/วันจันทร์ที่/จ อังคาร/วันอังคาร/วันอังคารที่/อ พุธ/วันพุธ/วันพุธที่/พ พฤหัสบดี/วันพฤหัสบดี/วันพฤหัสบดีที่/พฤ "
    "ศุกร์/วันศุกร์/วันศุกร์ที่/ศ เสาร์/วันเสาร์/วันเสาร์ที่/ส อาทิตย์/วันอาทิตย์/วันอาทิตย์ที่/อา",
    "vi": "thứhai thứba thứtư thứnăm thứsáu thứbảy chủnhật",
    "zh": "星期一/周一/週一/礼拜一 星期二/周二/週二 星期三/周三/週三 星期四/周四/週四 星期五/周五/週五 星期六/周六/週六 "
    "星期日/星期天/周日/週日",
    "ja": "月曜日/月曜 火曜日/火曜 水曜日/水曜 木曜日/木曜 金曜日/金曜 土曜日/土曜 日曜日/日曜",
    "ko": "월요일 화요일 수요일 목요일 금요일 토요일 일요일",
}

# Accents, which many leave out: of Latin, Greek and Cyrillic letters, of the alef, the nukta.
_MARKS = re.compile("[\u0300-\u036f\u0653-\u0655\u093c]")
_LETTERS = str.maketrans({"ı": "i", "ł": "l", "ʼ": "'", "’": "'"})
_FOREIGN_DIGIT = re.compile(r"[^\x00-\x7f]")


def plain(text: str) -> str:
    """The text as words are looked up: small letters without accents, digits in ASCII, full-width signs as others."""
    bare = _MARKS.sub("", normalize("NFD", normalize("NFKC", fold(text)).casefold()))
    return _FOREIGN_DIGIT.sub(_ascii, normalize("NFC", bare).translate(_LETTERS))


def _ascii(found: re.Match[str]) -> str:
    return str(int(found[0])) if found[0].isdecimal() else found[0]


def month(word: str, weekday: str | None) -> tuple[int, bool] | None:
    """The month that a word means beside a weekday, and whether it is only Thai, whose years are often Buddhist.

    Both in the form of `plain`. None: no month, or not the same one in every language that it may be.
    """
    meanings = _months().get(word)
    if meanings is None:
        return None
    spoken = _weekdays().get(weekday, {}) if weekday else {}
    found = {language: number for language, number in meanings.items() if language in spoken} or meanings
    numbers = set(found.values())
    return (numbers.pop(), found.keys() == {"th"}) if len(numbers) == 1 else None


def is_weekday(word: str) -> bool:
    """Whether a word, in the form of `plain`, names a day of the week in any language, whole or cut short."""
    return word in _weekdays()


@cache
def _months() -> dict[str, dict[str, int]]:
    return _meanings(NAMES)


@cache
def _weekdays() -> dict[str, dict[str, int]]:
    return _meanings(_WEEKDAYS)


def _meanings(names: dict[str, str]) -> dict[str, dict[str, int]]:
    """What each word, whole or cut short, is in each language. Some thousand: made when the first such date is met."""
    meanings: dict[str, dict[str, int]] = {}
    for language, row in names.items():
        for number, forms in enumerate(row.split(), 1):
            for form in forms.split("/"):
                stem, _, rest = form.partition(":")
                for length in range(len(rest) + 1):
                    meanings.setdefault(plain(stem + rest[:length]), {})[language] = number
    return meanings
