"""Labels in two languages side by side, as papers of firms that trade abroad have them: ``KIND: 성명 = Name | …``."""

TEXT = """
name: 성명 = Name | 담당자 = Person in Charge | 대표자 = Representative | 신청인 = Applicant | 서명 = Signature
name: 수신 = To | 발신 = From | 참조 = CC | 작성자 = Prepared by | 승인 = Approved by | 검토 = Reviewed by
name: 수취인 = Beneficiary | 예금주 = Account Holder | 환자명 = Patient Name | 영문성명 = Name in English
name: 보호자 = Guardian | 운전자 = Driver | 시험자 = Tested by | 확인자 = Confirmed by | 성 = Surname
name: 이름 = Given Name | 소유자 = Owner | 책임자 = Manager | 의뢰인 = Client
date: 일자 = Date | 발행일 = Issue Date | 작성일 = Date | 납기 = Delivery Date | 생년월일 = Date of Birth
date: 유효기간 = Valid Until | 접수일 = Date Received | 시험일자 = Test Date | 입사일 = Date of Employment
date: 만료일 = Expiry Date | 선적일 = Shipping Date | 견적일자 = Quotation Date | 제조일자 = Mfg. Date
date: 입국일 = Date of Entry | 개정일 = Revision Date | 결제일 = Payment Date | 발급일 = Date of Issue
date: 주문일 = Order Date | 입학일 = Date of Admission | 졸업일 = Date of Graduation
money: 합계 = Total | 금액 = Amount | 공급가액 = Supply Value | 세액 = VAT | 총액 = Total Amount | 소계 = Subtotal
money: 운임 = Freight | 기본급 = Basic Salary | 수수료 = Fee | 실수령액 = Net Pay | 보험료 = Premium | 잔액 = Balance
money: 할인 = Discount | 단가 = Unit Price | 예산 = Budget | 공제액 = Deduction | 계약금액 = Contract Amount
money: 청구금액 = Amount Due | 신고가격 = Declared Value | 봉사료 = Service Charge
company: 회사명 = Company | 상호 = Company Name | 공급자 = Supplier | 공급받는자 = Buyer | 수출자 = Exporter
company: 수하인 = Consignee | 송하인 = Shipper | 제조사 = Manufacturer | 은행명 = Bank Name | 근무처 = Employer
company: 의뢰기관 = Applicant Company | 발행기관 = Issuing Authority | 병원명 = Hospital | 거래처 = Customer
address: 주소 = Address | 사업장 주소 = Business Address | 배송지 = Ship To | 국내체류지 = Address in Korea
address: 소재지 = Location | 본국주소 = Home Address | 자택주소 = Residence
phone: 전화번호 = Telephone | 연락처 = Contact No. | 팩스 = Fax | 휴대폰 = Mobile | 전화 = Tel
phone: 비상연락처 = Emergency Contact | 대표전화 = Phone
code: 번호 = No. | 문서번호 = Document No. | 주문번호 = Order No. | 송장번호 = Invoice No. | 여권번호 = Passport No.
code: 접수번호 = Receipt No. | 관리번호 = Control No. | 제조번호 = Serial No. | 도면번호 = Drawing No.
code: 성적서번호 = Report No. | 등록번호 = Registration No. | 로트번호 = Lot No. | 품번 = Part No. | 편명 = Flight No.
code: 계약번호 = Contract No. | 사번 = Employee No. | 학번 = Student ID | 좌석 = Seat | 승인번호 = Approval No.
code: 증권번호 = Policy No.
country: 국적 = Nationality | 원산지 = Country of Origin | 발행국 = Country of Issue
sex: 성별 = Sex | 성별 = Gender
product: 품명 = Description | 품목 = Item | 제품명 = Product Name | 시료명 = Sample Name | 화물명 = Commodity
model: 모델명 = Model | 형식 = Type | 기종 = Model No.
number: 수량 = Quantity | 매수 = Pages | 인원 = No. of Persons | 부수 = Copies | 포장수량 = No. of Packages
number: 숙박일수 = Nights
unit: 중량 = Weight | 총중량 = Gross Weight | 순중량 = Net Weight | 규격 = Spec. | 온도 = Temperature | 습도 = Humidity
unit: 길이 = Length | 신장 = Height | 전압 = Voltage
position: 직위 = Position | 직책 = Title | 직급 = Rank | 직업 = Occupation
department: 부서 = Department | 소속 = Division | 학과 = Dept.
email: 이메일 = E-mail | 전자우편 = Email
account: 계좌번호 = Account No. | 계좌 = A/C No.
business: 사업자등록번호 = Business Registration No. | 등록번호 = Tax ID
purpose: 목적 = Purpose | 용도 = Use | 체류목적 = Purpose of Stay | 방문목적 = Purpose of Visit
text: 제목 = Subject | 비고 = Remarks | 내용 = Contents | 구분 = Classification | 특이사항 = Notes | 조건 = Conditions
text: 적요 = Description | 포장 = Packing | 첨부 = Attachment | 항목 = Item | 선명 = Vessel
place: 선적항 = Port of Loading | 도착항 = Port of Discharge | 장소 = Place | 출생지 = Place of Birth
place: 목적지 = Destination | 출발지 = From | 도착지 = To
degree: 학위 = Degree | 전공 = Major
school: 학교명 = School
score: 성적 = Grade | 평점 = GPA | 점수 = Score
choice: 판정 = Result | 체류자격 = Status of Stay | 결혼여부 = Marital Status | 결제방법 = Payment Method
period: 기간 = Period | 체류기간 = Period of Stay | 계약기간 = Contract Period | 보증기간 = Warranty
terms: 지불조건 = Payment Terms | 인도조건 = Delivery Terms
method: 운송방법 = Shipped by | 시험방법 = Test Method
material: 재질 = Material
citizen: 주민등록번호 = Resident Registration No. | 외국인등록번호 = Alien Registration No.
relation: 관계 = Relationship
test: 시험항목 = Test Item | 검사항목 = Inspection Item
long_text: 의견 = Comments | 상세내용 = Details | 시험결과 = Test Results | 조치사항 = Action Taken | 경력 = Experience
"""
