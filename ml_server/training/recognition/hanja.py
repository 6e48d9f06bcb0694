"""Lines with Chinese characters as Korean documents have them, each character as often as the others.

A recogniser that hardly ever sees them forgets those that its base knew, and writes Hangul in their place.
"""

from __future__ import annotations

from functools import cache

from ml_server.training.recognition import alphabet
from ml_server.training.synthetic import values_kinds, values_words
from ml_server.training.synthetic.values_source import Source

# A word as it is read and as it is written, in turn.
_WORDS = """
대한민국 大韓民國 주식회사 株式會社 대표이사 代表理事 성명 姓名 주소 住所 본적 本籍 생년월일 生年月日
주민등록 住民登錄 인감증명서 印鑑證明書 합계 合計 금액 金額 수량 數量 단가 單價 총계 總計 세금 稅金 영수증 領收證
계약서 契約書 신청서 申請書 증명서 證明書 위임장 委任狀 이력서 履歷書 국민 國民 헌법 憲法 민법 民法 형법 刑法
법률 法律 조례 條例 규칙 規則 시행령 施行令 판결 判決 소송 訴訟 원고 原告 피고 被告 검사 檢事 판사 判事 정부 政府
국회 國會 대통령 大統領 장관 長官 시장 市長 군수 郡守 도지사 道知事 서울 市 경기도 京畿道 강원도 江原道
충청남도 忠淸南道 전라북도 全羅北道 경상북도 慶尙北道 제주도 濟州島 부산 釜山 대구 大邱 인천 仁川 광주 光州
대전 大田 학교 學校 대학교 大學校 교육 敎育 연구소 硏究所 병원 病院 의사 醫師 은행 銀行 예금 預金 대출 貸出
보험 保險 신용 信用 부동산 不動産 토지 土地 건물 建物 소유권 所有權 채권 債權 채무 債務 매매 賣買 임대 賃貸 남 男
여 女 부 父 모 母 자 子 인 印 갑 甲 을 乙 병 丙 정 丁 호주 戶主 가족 家族 결혼 結婚 사망 死亡 출생 出生 역사 歷史
문화 文化 예술 藝術 민족 民族 자유 自由 평화 平和 통일 統一 북한 北韓 중국 中國 일본 日本 미국 美國 한국 韓國
조선 朝鮮 고려 高麗 신라 新羅 백제 百濟 전쟁 戰爭 대 大 소 小 상 上 중 中 하 下 전 前 후 後 신 新 구 舊 고 故 월 月
화 火 수 水 목 木 금 金 토 土 일 日 년 年 제일 第一 제이 第二 만원 萬圓
"""
_SURNAMES = (
    "金李朴崔鄭趙尹張林吳徐申權黃宋柳洪高文孫梁裵白許南沈盧河郭成車兪丘禹朱羅任閔陳池嚴蔡元千方"
    "孔玄康咸卞廉楊邊呂秋魯都蘇石宣薛吉"
)
_GIVEN = (
    "賢俊秀英哲浩永成敏鎭勳載在熙姬淑順貞慧恩美善玉珠蘭菊梅竹松鶴龍虎智東南國民中正明光大仁義禮信孝忠德福壽文武春夏秋"
)
_SHAPES = (
    "{h}",
    "{h} {h}",
    "{k}({h})",
    "{k}({h})은(는)",
    "{k}({h})의 {noun}",
    "{h}({k})",
    "{k} {h}",
    "{noun} {h} {noun}",
    "{h} {count}",
    "第{small}條 {h}",
    "{small}月 {small}日 {h}",
    "{year}年 {small}月 {small}日",
    "({h}) {noun}",
    "{h} : {noun}",
    "{k}[{h}]",
    "「{h}」",
)


def balanced_hanja(source: Source) -> str:
    """Half words that there are with their readings, and names; half of characters each as likely as the others."""
    rng = source.rng
    roll = rng.random()
    known = alphabet.hanja()
    if roll < 0.5:
        word, reading = (
            "".join(rng.choice(known) for _ in range(rng.choice((1, 2, 3, 4, 6, 8, 10, 12)))),
            values_words.word(source),
        )
        if roll < 0.1:
            return " ".join(word)
    elif roll < 0.65:
        word = rng.choice(_SURNAMES) + "".join(rng.choice(_GIVEN) for _ in range(rng.choice((1, 2, 2, 2))))
        reading = values_kinds.value(source, "name")
        if roll < 0.58:
            shape = source.pick(
                ("{h}", "{j}", "대표이사 {h} (印)", "{h} 氏", "{k} {h}", "{k}({h})", "{h} (男)", "故 {h}")
            )
            made = shape.replace("{h}", word).replace("{j}", " ".join(word)).replace("{k}", reading)
            return made.replace("氏", "님")
    else:
        words = _words()
        at = 2 * rng.randrange(len(words) // 2)
        reading, word = words[at], words[at + 1]
    made = source.pick(_SHAPES).replace("{h}", word).replace("{k}", reading)
    return values_kinds.expand(source, made)


@cache
def _words() -> tuple[str, ...]:
    return tuple(_WORDS.split())
