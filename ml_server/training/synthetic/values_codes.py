"""Numbers that name things: telephones, accounts, registrations, models, references, addresses on the net."""

from __future__ import annotations

from ml_server.training.synthetic.values_source import Source

_ENGLISH_PHONES = (
    "(###) ###-####",
    "###-###-####",
    "###/###-####",
    "%##.###.####",
    "+1 (%##) ###-####",
    "1-800-###-####",
    "###-####",
    "(%##) ###-#### ext. %##",
    "%## ### ####",
    "+44 20 #### ####",
    "x####",
    "Ext. %###",
    "(###)###-####",
)
_KOREAN_PHONES = (
    "010-####-####",
    "02-###-####",
    "02-%###-####",
    "031-###-####",
    "051-###-####",
    "(02) ###-####",
    "010.%###.####",
    "1588-####",
    "02)%##-####",
    "070-%###-####",
    "053) ###-####",
    "+82-10-%###-####",
    "+82 2 %### ####",
    "062-%##-####",
    "010%#######",
    "내선 %##",
)
_CODES = (
    "@@-####",
    "@##-####",
    "%####",
    "%######",
    "##-####-@",
    "@@@###",
    "####-##-####",
    "@-###-@@",
    "@@%##-#####",
    "%###-%##",
    "@@ ###",
    "#####/##",
    "@@@-####-##",
    "No. %###",
    "#%###%###",
    "@@##.##.##",
    "20##-####",
    "19##-###",
    "%##-@@-%###",
    "@%#",
    "%########",
    "@@@@-##@",
)
_KOREAN_CODES = ("제20##-####호", "제 %##호", "제####-##호", "20##-@@-###", "@@20######", "%####-####", "20######-####")
_MODELS = (
    "@@-%##@",
    "@%###",
    "@@@ %##0",
    "%#0@@",
    "@@%#-%##",
    "@-%",
    "Mark %",
    "Series %00",
    "@@%### Rev. @",
    "v%.#.#",
)
_ACCOUNTS = (
    "%##-##-#####-#",
    "%##-%#####-##-###",
    "####-###-######",
    "%##########",
    "%##-######-%####",
    "###-#-######",
)
_CARDS = (
    "####-****-****-####",
    "%###-####-####-####",
    "**** **** **** ####",
    "####-##**-****-####",
    "xxxx-xxxx-xxxx-####",
)
_ENGLISH_DOMAINS = ("com", "com", "org", "net", "edu", "gov", "co.uk")
_KOREAN_DOMAINS = ("co.kr", "com", "or.kr", "go.kr", "ac.kr", "net", "kr")


def phone(source: Source) -> str:
    """A telephone or fax number."""
    return source.shape(source.pick(_KOREAN_PHONES if source.korean else _ENGLISH_PHONES))


def code(source: Source) -> str:
    """A reference, order, serial or form number."""
    if source.korean and source.chance(0.3):
        return source.shape(source.pick(_KOREAN_CODES))
    return source.shape(source.usual(_CODES))


def model(source: Source) -> str:
    """The model of a thing."""
    return source.shape(source.pick(_MODELS))


def account(source: Source) -> str:
    """A bank account."""
    return source.shape(source.pick(_ACCOUNTS))


def card(source: Source) -> str:
    """A payment card, mostly masked."""
    return source.shape(source.pick(_CARDS))


def business(source: Source) -> str:
    """The registration of a business: three, two and five digits in Korea, a tax number elsewhere."""
    if source.korean:
        return source.shape("%##-##-#####")
    return source.shape(source.pick(("##-#######", "##-#######", "GB ### #### ##", "%########", "US##-###-###")))


def corporation(source: Source) -> str:
    """The registration of a Korean corporation: six and seven digits; a state's number elsewhere."""
    return source.shape("11011%-#######" if source.korean else source.pick(("C#######", "%######-@")))


def citizen(source: Source) -> str:
    """The number of a citizen, of the right shape, often masked."""
    if source.korean:
        born = source.shape(source.pick(("5", "6", "7", "8", "9")) + "#0%" + source.pick(("0", "1", "2")) + "%")
        return born + source.shape(source.pick(("-1######", "-2######", "-1******", "-2******", "-*******")))
    return source.shape(source.pick(("###-##-####", "XXX-XX-####", "### ## ####", "***-**-####")))


def postcode(source: Source) -> str:
    """A postal code."""
    if source.korean:
        return source.shape(source.pick(("#####", "#####", "(#####)", "###-###")))
    return source.shape(source.pick(("#####", "#####", "#####-####", "@@# #@@")))


def email(source: Source) -> str:
    """An electronic mail address."""
    english = Source(source.rng, "english").fake
    user = source.pick(
        (english("user_name"), f"{english('first_name')}.{english('last_name')}".lower(), english("last_name").lower())
    )
    return f"{user}@{_host(source)}"


def url(source: Source) -> str:
    """The address of a site."""
    return source.pick(("www.", "http://www.", "https://", "")) + _host(source)


def _host(source: Source) -> str:
    name = Source(source.rng, "english").fake("domain_word")
    return f"{name}.{source.pick(_KOREAN_DOMAINS if source.korean else _ENGLISH_DOMAINS)}"
