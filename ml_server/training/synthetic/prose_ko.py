"""Korean sentences with slots: notices, instructions, terms, memos, answers of several sentences, page furniture."""

TEXT = """
sentence: 위와 같이 {noun}을(를) 신청합니다. | 위의 기재사항은 사실과 다름없음을 확인합니다.
sentence: 아래와 같이 {noun} {noun}을(를) 보고합니다. | 상기 금액을 정히 영수함. | 위와 같이 견적합니다.
sentence: 아래와 같이 발주하오니 납기를 준수하여 주시기 바랍니다. | 상기와 같이 {noun}을(를) 청구합니다.
sentence: 위 사람은 위와 같이 재직하고 있음을 증명합니다. | 위와 같이 {noun} 계약을 체결하고 서명 날인한다.
sentence: 위와 같이 {noun}을(를) 의뢰하오니 조치하여 주시기 바랍니다.
sentence: {noun} 관련 문의는 {department}({phone})으로 연락하여 주시기 바랍니다.
sentence: {date}까지 {noun}을(를) 제출하여 주십시오. | 굵은 선 안에만 기재하여 주십시오.
sentence: 뒤쪽의 작성방법을 읽고 작성하여 주시기 바랍니다. | 해당란에 ○표 또는 √표를 하십시오.
sentence: 신청인이 직접 작성하여야 하며 {noun} 사실이 허위일 경우 {noun}이(가) 취소될 수 있습니다.
sentence: {noun} 사본 {small}부를 첨부하여 주십시오. | 색상이 어두운 난은 신청인이 적지 않습니다.
sentence: 별지를 사용하여 작성할 수 있습니다. | 기재하신 {noun}은(는) {purpose} 이외의 용도로 사용되지 않습니다.
sentence: 귀사의 무궁한 발전을 기원합니다. | 귀 기관의 {noun} 협조에 감사드립니다.
sentence: 아래와 같이 {noun}을(를) 개최하오니 많은 참석 바랍니다. | {noun}과(와) 관련하여 다음과 같이 회신합니다.
sentence: 붙임과 같이 {noun} {noun}을(를) 송부하오니 업무에 참고하시기 바랍니다.
sentence: {adjective} {noun}에 대한 {noun} 결과를 다음과 같이 통보합니다.
sentence: {department}에서는 {date}부터 {adjective} {noun}을(를) 시행할 예정입니다.
sentence: {noun} {noun} 변경에 따라 {noun}을(를) 조정하고자 합니다.
sentence: 기타 자세한 사항은 {url} 홈페이지를 참조하시기 바랍니다.
sentence: {department} {name}은(는) {date} {noun} {noun}을(를) 완료하였다.
sentence: {adjective} {noun}이(가) 전년 대비 {percent} 증가하였음.
sentence: {noun} 결과 총 {small}건의 {noun}이(가) 확인되어 {noun} 조치함.
sentence: {word}에 대한 {noun}은(는) 추후 {noun} 시 검토하기로 함. | {city} 지역 {noun} {noun}은(는) {status} 상태임.
sentence: {company}과(와) {noun} 협의를 진행 중임. | {noun} 개선을 위하여 {adjective} {noun}을(를) 도입할 필요가 있음.
sentence: {word}과(와) {word}을(를) 비교한 결과 {noun} 차이는 없었다.
sentence: 응답자의 {percent}가 {noun}에 만족한다고 답하였다. | {noun} {count}개를 {noun} 기준에 따라 시험하였다.
sentence: 갑은 을에게 {noun} {noun}을(를) {small}일 이내에 지급하여야 한다.
sentence: 을은 갑의 사전 서면 동의 없이 {noun}을(를) 제3자에게 양도할 수 없다.
sentence: 본 계약에 명시되지 아니한 사항은 {noun} 관례에 따른다. | 계약기간은 {period} 한다.
sentence: 임차인은 {noun}을(를) 원상으로 회복하여 반환한다.
sentence: {noun} 지연 시 {noun} 금액의 {percent}를 지체상금으로 납부한다.
sentence: 본 {noun}에 관한 분쟁은 {city} 지방법원을 관할로 한다.
sentence: 쌍방은 {noun}에 관하여 알게 된 비밀을 누설하여서는 아니 된다.
sentence: 특약사항: {noun}은(는) {noun}으로(로) 대체한다. | 개인정보의 수집 및 이용에 동의합니다.
sentence: 동의를 거부할 권리가 있으며, 거부 시 {noun}이(가) 제한될 수 있습니다.
sentence: 수집항목은 성명, 연락처, {noun}이며 보유기간은 {small}년입니다.
sentence: 교환 및 환불은 구입일로부터 {small}일 이내 영수증 지참 시 가능합니다. | 이용해 주셔서 감사합니다.
sentence: 부가세 별도 금액입니다. | 본 견적서의 유효기간은 {small}일입니다.
sentence: 납기 후에는 {percent}의 가산금이 부과됩니다.
sentence: 이 문서는 {noun} 시스템에서 출력되었으며 {noun}으로(로) 사용할 수 없습니다.
sentence: 본 {noun}은(는) 전산으로 처리되어 직인을 생략합니다.
sentence: 귀하의 의견은 {noun} 개선을 위한 소중한 자료로 활용됩니다. | {word}의 {noun}은(는) {word}에 따라 달라진다.
sentence: {word}, {word}, {word} 등의 {noun}을(를) 포함한다.
sentence: 오늘은 {word}을(를) {noun}하고 {word} {noun}을(를) 마쳤다. | {word}과(와) {noun}을(를) 함께 {noun}하였다.
sentence: {noun} 담당자는 {word} 여부를 반드시 확인한다. | {place}에서 {time}에 {noun} 회의를 갖기로 하였다.
sentence: {adverb} {noun} 조치 바람. | {adverb} {noun}을(를) 확인하고 {noun} 현황을 보고할 것.
adverb: 조속히 | 즉시 | 매월 | 매주 | 철저히 | 추가로 | 별도로 | 사전에 | 반드시 | 가급적 | 정확히 | 상호 협의하여
slogan: 고객과 함께하는 {noun} | {word}의 새로운 기준 | {noun} 전문기업 | 더 나은 {noun}, 더 큰 {word}
slogan: 행복한 {noun}, 함께하는 {city} | Since {year} | {noun}·{noun} 전문 | 믿음을 주는 {noun} | {catch}
slogan: {noun}으로(로) 앞서가는 {city} | 작은 {word}, 큰 {word} | 품질경영 {noun}안전
long_text: {sentence} | {sentence} {sentence} | {sentence} {sentence} {sentence}
long_text: {noun} {noun} 확인 및 {noun} 조치 완료 | {adjective} {noun}에 따른 {noun} {noun}
long_text: 1. {noun} {noun} 점검 2. {noun} 결과 보고 3. {adjective} {noun} 협의
long_text: {noun} 불량으로 인한 {noun} 발생, {adverb} 교체 예정 | {word} 및 {word} {noun}
long_text: 가. {noun} {noun} 나. {adjective} {noun} | {noun} 추진 시 {noun} 부서와 협의 후 {noun} 예정임.
long_text: ① {noun} {noun} ② {word} {noun} | - {noun} 현황 파악 - {noun} 계획 수립 - {noun} 실시
footer: - {small} - | {small} | {small} / {small} | {small}쪽 | 페이지 {small} | [별지 제{small}호서식]
footer: ■ {noun}법 시행규칙 [별지 제{small}호서식] <개정 {date}> | 210mm×297mm[백상지 80g/㎡] | (앞쪽) | (뒤쪽)
footer: {code} | {company} | {address} | 전화 {phone} / 전송 {phone} | TEL {phone} FAX {phone} | {url} | 대외비 | 사본
footer: 원본대조필 | (공급받는자 보관용) | (공급자 보관용) | 문서확인번호 {code} | 발급번호 : {code} | 양식번호 {code}
footer: QP-{code} (Rev.{small}) | {company} / {department} | {sentence} | 끝. | ※ {sentence} | 출력일시 {date} {time}
footer: 우) {postcode} {address} / {url}
letterhead: {address} | 전화 {phone} | TEL. {phone} FAX. {phone} | {url} | {email} | {department}
letterhead: 우 {postcode} {address} | 대표이사 {name} | 사업자등록번호 {business} | {slogan} | 담당 {name} ({phone})
letterhead: 문의전화 {phone}
"""
