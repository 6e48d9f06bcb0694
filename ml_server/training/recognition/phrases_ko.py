"""Korean lines that forms lack: clauses, receipts, labels of goods, both languages. Slots as in ``values_kinds``."""

TEXT = """
clause: 제{small}조({noun}) | 제{small}조 ({noun} 및 {noun}) | 제{small}조의{digit}({noun} 등) | 제{digit}장 총칙
clause: 부칙 | 제{small}조제{digit}항 및 제{digit}호에 따른 {noun} | 제{digit}장 {noun} | 제{digit}절 {noun}의 {noun}
clause: 제{digit}항의 {noun}은(는) {sentence} | 「{noun}기본법」 제{small}조제{digit}항 | 『{word}』 ({year}, {name})
clause: {noun}법 시행령 [별표 {digit}] | <개정 {date}> | [시행 {date}] [법률 제{count}호] | (단위: {unit_name})
clause: (단위 : 천원, %) | {noun} ⇒ {noun} → {noun} | {word}⋅{word}⋅{word} | {word}ㆍ{word}의 {noun}
clause: 가. {noun}  나. {noun}  다. {noun} | 붙임  1. {noun} {noun} 1부.  끝. | 수신 {company}장 (경유)
clause: 제목 {noun} {noun} 알림 | 목차 | 차 례 | 결 재 | 비고 | 【{noun}】 {noun} | 〔별지 제{digit}호 서식〕
clause: 〈표 {digit}〉 {noun} {noun} | [그림 {digit}-{digit}] {noun} {noun} | <{noun} {noun} 현황> | “{sentence}”
clause: ‘{word}’의 {noun} | {year}년 {digit}분기 {noun} {noun} 실적(안) | ({year}년) {number} → ({year}년) {number}
clause: {percent} ↑ | {percent} ↓ | ▲{percent} | △{amount} | {number}/{number}
bullet: ▪ | ◦ | □ | ○ | ㅇ | - | · | ※ | ■ | ● | ▶ | ▷ | ◆ | ◇ | ☞ | * | ** | ▲ | ★ | ✓ | → | 1. | 2. | 3. | 12. | 가.
bullet: 나. | 다. | 라. | (1) | (2) | (가) | (나) | 1) | 2) | 가) | 나) | ① | ② | ③ | ④ | ⑤ | ⑥ | ⑦ | ⑧ | ⑨ | ⑩ | ⑪
bullet: ⑫ | ㉠ | ㉡ | ㉢ | ㉮ | ㉯ | Ⅰ. | Ⅱ. | Ⅲ. | Ⅳ. | Ⅴ. | Ⅵ | I. | II. | III. | 1-1. | 2.1 | 3.2.1 | A. | a)
receipt: 합계 {price} | 합 계 {amount} | 부가세 {price} | 과세물품가액 {amount} | 받을금액 {amount} | 거스름돈 {price}
receipt: 면세물품 0 | {product} {digit} {price} | {product} {price} {digit} {amount} | 카드번호 {card}
receipt: 승인번호 {small}{count}{count} | 승인일시 {date} {time} | [매장명] {company} | 대표자:{name}
receipt: 사업자:{business} | POS: 0{digit} | 할부개월: 일시불 | 현금영수증(소득공제) | 총 {small}개
receipt: 상품명 단가 수량 금액 | {date} {time} | 주문번호 {count} | TEL:{phone} | 감사합니다. 또 오세요!
receipt: 테이블 {small}번 | *{word} 할인 -{price} | 신용카드 전표(고객용) | 영수증을 지참하시면 교환/환불 가능
receipt: 포인트 적립 {count}P | 결제금액 {amount} | 소계 {price} | 봉사료 0
label: 원재료명: {word}, {word}({small}%), {word} | 유통기한 {date}까지 | 소비기한: 별도표기일까지
label: 내용량 {count}g({count}kcal) | 나트륨 {count}mg {small}% | 탄수화물 {small}g {small}% | 당류 {small}g
label: 지방 {digit}.{digit}g | 트랜스지방 0g | 콜레스테롤 0mg | 포화지방 {digit}g {small}% | 단백질 {small}g {small}%
label: 영양정보 총 내용량 {count}g | 1일 영양성분 기준치에 대한 비율(%) | 제조원: {company}
label: 판매원 {company} / {address} | 식품유형 {word} | 보관방법: 직사광선을 피하고 서늘한 곳에 보관 | 반품 및 교환처
label: 소비자상담실 {phone} | 고객센터 080-{count}-{count} | 주의사항 | 사용방법
label: 어린이의 손이 닿지 않는 곳에 보관하십시오 | 대한민국 제조 | 품번 {model} | 품명 : {word}
label: 혼용율 면 {small}% 폴리에스터 {count}% | 무색소·무방부제 | 진한 {word}맛 | {word} {word}의 맛! | 1+1 행사
label: {word} {count}ml | {word} {word} {count}매입 | 국내산 {word} 100% | NEW {word} | {word}&{word} | 특가 {price}
label: {small}%할인 | Made in Korea | KC인증번호 {code} | 정격전압 AC 220V, 60Hz | 소비전력 {count}W | 제조년월 {date}
label: A/S 문의 {phone} | LOT NO. {code} | 용량 {count} mAh | 운전면허증 | 주민등록증 | 출입금지 | 주차금지
label: 비상구 EXIT | {last}씨네 {word} | {city}역 {digit}번 출구 | {city}로 {small}길 | 24시간 영업
both: [ISO/IEC {count}-{digit}] {word} {noun} | [KS X {count}{small}-{digit}] {noun} {word} ({year})
both: ({count}, {count}) | {WORD_EN}-{count}/{count} | {noun}: {WORD_EN}{digit}-{count} | {WORD_EN}, {WORD_EN}
both: {WORD_EN}({Word_en} {Word_en}) {noun} | {Word_en} {word} - {noun}
both: [{digit}] {Name_en}, "{Word_en} {word_en} of {word_en}," {year}. | {noun}·{noun}({WORD_EN})을 {noun}
both: {word} ({WORD_EN}) | {Word_en} {word} | {noun} {Word_en} {noun} | {company} ({Company_en})
both: {WORD_EN}-{digit} {word} | {name_en} ({name}) | {Word_en} {word}을(를) {noun}한다. | {WORD_EN} {noun} {percent}
both: {noun}(이하 "{WORD_EN}"라 한다) | e-mail: {email} | 홈페이지 {url} | TEL {phone} FAX {phone} | {noun} No. {code}
both: IT·{WORD_EN} {noun} | {Word_en}, {Word_en} 등 {noun} | {sentence} ({Word_en} {Word_en}) | {model} {noun} {unit}
both: {word}({WORD_EN}, {Word_en} {word_en}) | {noun}/{Noun_en} | {word} v{digit}.{digit} | {noun} : {Name_en}
both: R&D {noun}
"""
