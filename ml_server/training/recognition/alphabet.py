"""The characters that the recogniser knows, and which of the many look-alikes stands for them."""

from __future__ import annotations

import unicodedata
from functools import cache

FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3

_ASCII = "".join(map(chr, range(0x21, 0x7F)))
_JAMO = "".join(map(chr, range(0x3131, 0x3164)))
_PUNCTUATION = "·…–—‘’“”「」『』〈〉《》【】〔〕※†‡§¶°′″•¿¡、。〃"
_SHAPES = "▪◦■□▲△▼▽●○◎◆◇◈★☆♣♥♡♠▶▷◀◁▣☞☎☏✓☐☑☒✔✘⊙☜♪♨♂♀"
_ARROWS = "→←↑↓↔⇒⇔↗↘"
_MATHEMATICS = "±×÷≤≥≠≒≡∞∴√∑∫∠⊥∈∩∪¹²³½¼¾⅓⅔₁₂₃₄∥∵≪≫"
_MONEY = "₩£€¥¢"
_UNITS = "㎡㎥㎢㎜㎝㎞㎎㎏㎍㎖㎗ℓ㏄㎾㎐㎑㎒㎓㏈㎩㎪㎫℃℉Å‰℡№™®©㈜㏊㎉㎘㎕㎸㎃㎽㎿㎛㎟㎠㎤㎧㏀"
# ① to ⑳, ⑴ to ⒂, ⓐ to ⓩ, ❶ to ❿, ㈎ to ㈛ (among them ㈔), ㉠ to ㉭, ㉮ to ㉻.
_CIRCLED = "".join(
    chr(code)
    for first, number in (
        (0x2460, 20),
        (0x2474, 15),
        (0x24D0, 26),
        (0x2776, 10),
        (0x320E, 14),
        (0x3260, 14),
        (0x326E, 14),
    )
    for code in range(first, first + number)
)
_ROMAN = "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅰⅱⅲⅳⅴⅵⅶⅷⅸⅹ"
# Without the letters that look like Latin ones.
_GREEK = "ΓΔΘΛΞΠΣΦΨΩαβγδεζηθλμξπρστφχψω"
_ACCENTED = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿŒœŠšŽž"
# Of dates, amounts, titles, law, family, addresses, surnames and names, newspapers' abbreviations and school primers.
_HANJA = (
    "一二三四五六七八九十百千萬億兆壹貳參拾零年月日時分秒金木水火土春夏秋冬東西南北左右上下中前後內外間大小高低長短"
    "新舊古今始終先早晩初末元每週期世紀代人民國家市郡區邑面洞里道路街番地號室層棟宅住所址姓名字性別男女老少父母兄弟"
    "姉妹子孫夫妻親族戶主籍本貫生死婚姻出入印章署官公私法律令規則條項目款章節附表書類文件證明申請願屆告知通報會社長"
    "部課員理事監査役職業務商工農林漁鑛産品物價格額數量計合總和差加減乘除比率稅關納付受領收支給料錢圓貨幣銀行預借貸"
    "債權利義務責任契約保險信用登記錄簿帳貿易輸送運車船航空港驛站線電話氣機械力動靜速度溫熱光色音聲香味形體頭目耳口"
    "鼻手足身心血骨病醫院藥師士學校敎育科硏究所館堂院寺門窓房屋建築設施造作製造業者協同組團體聯盟黨派政治經濟社會"
    "軍警察檢判訴訟裁決定議案選擧票投開閉始終止停進退往來去歸發着到達起立坐見聞讀寫言語說問答對話思想感情意志愛好惡"
    "善美眞正誤直曲平安危險强弱輕重厚薄廣狹遠近深淺淸濁明暗黑白赤靑黃綠紅紫朝鮮韓漢中華美英佛獨露伊日本京城釜山仁川"
    "光州田蔚世宗畿江原忠淸慶尙全羅濟海島李朴崔鄭趙尹張林吳徐申權黃宋柳洪高文孫梁裵白許南沈盧河郭成車兪丘禹朱羅任閔"
    "陳池嚴蔡元千方孔玄康咸卞廉楊邊呂秋魯都蘇石宣薛吉智賢俊秀英哲浩永成敏鎭勳載在熙姬淑順貞慧恩美善玉珠蘭菊梅竹松鶴"
    "龍虎馬牛羊犬鷄豚魚鳥花草果實種根葉枝米麥豆酒茶食飮肉衣服布絲紙筆墨冊詩歌曲舞劇畫圖寫眞像景風雲雨雪雷電星天地陰陽"
    "太極乾坤神佛仙聖王皇帝君臣將兵卒武術劍弓矢刀戰爭勝敗攻守和睦友情禮義廉恥忠孝仁德福祿壽喜怒哀樂吉凶運命無有不非未"
    "已可能必要須當應故為爲以於之也其此彼我吾汝誰何自他各個全半多少餘殘最甚特別普通一般主客反正逆順對相互共單獨複雜純"
    "故現再次第回度倍等級點位席順序列隊班組甲乙丙丁戊己庚辛壬癸丑寅卯辰巳午未申酉戌亥限制許可禁止處罰違犯罪刑免除"
    "改革變化增進向展望統一領土憲議論評讓渡買賣換替代理委託依賴承認諾否決濟完了繼續訂追補修整備考察觀測試驗結果原因"
    "株鑑狀履被邱賃亡歷藝由麗府式伴供係償冠勤勞占卷又史吏呼喪器園型域墓壓壯夢奉婦媒孟季宴密寬尋導尺局居岸崇巖帶幕幹"
    "底庫庭延弘徒徵忍怨恒患悲惠慈態慮慾憂懷戒戚扶技抑折抗拔招持指掌授採接推提揚損摘攝救敵斗斜斷旗旬昌映昨昭晉晴暇暑"
    "暮暴曆杯析架柔柱核栽桑梨棄棋構槪模欲歎歲段毒毛氏汎沒注洋流浮浴浸涯液淡淨混添渴湖湯源準溪滅滿漠演潔潤澤激濕災炭"
    "烈烏照熟燃燈營爆爐片版牧狂獄獲玩球環甘畢異疏疑疾疲痛症皆皮益盛盜盡盤眠督破碑磨示祀祈祖祝祥祭秘移稀程稚稿穀積窮"
    "竟童端競符策筋算管篇簡粉精糖紛素索累細紹絡絹維緊緒緣縣績繁織纖置群翼耕聘肥胃背脫腐腦腸膚臟臨良芳苗苦茂荷莊落葬"
    "蓄蒙蓋蓮薦藏虛蛇蟲衆衝裂裝視覺覽角解觸討訓訪該詳誇誌誘誠談諸謀謝謙講謹譜護讚谷豊豪貌負財貧貴費賊賓賜賞賦質贈超"
    "越跡踏蹟躍輩輪轉辨辭返述迷透途逢連逸遂遇遊過遣遷遺避還那郵配酸釋針鉛銅銘鋼錯鎖鏡鐘閑閣閱防降陣陸隆階隔際障隣隨"
    "隱雄雙離需震霜靈韻響頂頌頗頻顔顧顯飛飯飽養餓首駐騎騷驅驚髮鬪鬼魂鳴麻默鼓齊齒"
    "的場使取界題切引活調放待得予系常優消殺交夜絶台存失害難念容基村町影企側急休更資例割撮介頃打突識座編助習催倒似販"
    "走興怖況材勢寄適境枚具佐郎便幸崎御含散射旅久希健波司娘丸恐傷及衛橋昔乳困押標練略板迎創固省腹宿惑艦留染洗快功宇"
    "博致富尾巨刻充典刺勉募汚抱菜著泉植津候束樹油壁購刊奇奪宙倉慣札至岩慢奏審寒微箱賀昇迫伸包荒崩才邪削趣濃胸範彩診"
    "炎均妙敷羽耐距巡副砂縮勇締券融雇侵執飾儀傾較飼脚排逮批眼敬封努尊威看悟浦棒肩句殿"
)
# What is drawn on the left is read as what stands on the right: no scan tells them apart.
_LOOK_ALIKES = {
    "·": "ㆍ・∙⋅",
    "~": "∼〜",
    "-": "‐‑−\u00ad",
    "■": "∎",
    "◦": "∘",
    "—": "―─",
    "₩": "￦",
    "μ": "µ",
    "Ω": "\u2126",
    "○": "◯〇",
    "…": "⋯",
    "°": "˚º",
    "'": "ʹ",
    "|": "│",
    "「": "｢",
    "」": "｣",
    "¢": "￠",
    "£": "￡",
    "¥": "￥",
    "▶": "►▸‣",
    "→": "➔➜➡",
    "⇒": "⇨",
    "✘": "✗",
    " ": "\u3000\u00a0",
}


@cache
def characters() -> tuple[str, ...]:
    """Every character once: Hangul syllables in Unicode's order first, the space last; without CTC's blank.

    PaddleOCR puts the blank before what an ``inference.yml`` lists and the space behind it, so the list for that file
    is all but the last of these.
    """
    syllables = map(chr, range(FIRST_SYLLABLE, LAST_SYLLABLE + 1))
    rest = _ASCII + _JAMO + _PUNCTUATION + _SHAPES + _ARROWS + _MATHEMATICS + _MONEY + _UNITS + _CIRCLED + _ROMAN
    return tuple(dict.fromkeys([*syllables, *rest, *_GREEK, *_ACCENTED, *hanja(), " "]))


@cache
def known() -> frozenset[str]:
    """The characters as a set."""
    return frozenset(characters())


@cache
def codes() -> dict[str, int]:
    """The class of each character, from 1; 0 is CTC's blank."""
    return {character: code for code, character in enumerate(characters(), 1)}


@cache
def hanja() -> tuple[str, ...]:
    """The Chinese characters that Korean documents use most, in one form each."""
    return tuple(dict.fromkeys(unicodedata.normalize("NFC", _HANJA)))


@cache
def symbols() -> tuple[str, ...]:
    """Marks, shapes, units and numerals beyond ASCII."""
    listed = _PUNCTUATION + _SHAPES + _ARROWS + _MATHEMATICS + _MONEY + _UNITS + _CIRCLED + _ROMAN + _GREEK
    return tuple(dict.fromkeys(listed))


@cache
def common_syllables() -> tuple[str, ...]:
    """The 2,350 syllables of KS X 1001, which cover nearly all that is printed."""
    syllables = map(chr, range(FIRST_SYLLABLE, LAST_SYLLABLE + 1))
    # The codec writes the others as four characters of two bytes.
    return tuple(syllable for syllable in syllables if len(syllable.encode("euc_kr")) == 2)


@cache
def _folding() -> dict[int, str]:
    folding = {ord(drawn): read for read, look_alikes in _LOOK_ALIKES.items() for drawn in look_alikes}
    return folding | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}


def look_alikes(character: str) -> str:
    """Other characters that are drawn in the same way; they are folded into this one."""
    return _LOOK_ALIKES.get(character, "")


def folded(text: str) -> str:
    """The text as a reader of its picture writes it: composed, look-alikes as one, single spaces, none at the ends."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_folding()).split())
