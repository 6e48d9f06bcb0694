"""English forms about people: applications, staff, schools, health, insurance."""

TEXT = """
[application]
title: APPLICATION FORM | Application for Membership | MEMBERSHIP APPLICATION | Grant Application
title: Application for Admission | SCHOLARSHIP APPLICATION | Permit Application | Rental Application
title: License Application
section: Applicant Information | 2. Applicant information | Personal Data | References | Spouse Information
section: Declaration | Emergency Contact | Household Members | Eligibility | Part B. About You
section: TO BE COMPLETED BY THE APPLICANT
name: Applicant | Name of Applicant | Full Name | First Name | Last Name | Middle Initial | Surname | Given Name
name: Maiden Name | Applicant's Signature | Name (Last, First, Middle) | Nickname | Preferred Name | Sponsor
name: Reference 1 | Spouse's Name | Parent or Guardian | Co-applicant | Other Names Used
date: Date of Birth | DOB | Birthdate | Date of Application | Date Available | Application Date | Date of Expiry
date: Date of Issue
citizen: Social Security Number | SSN | SS# | National ID No. | Soc. Sec. No.
code: Application No. | Membership No. | Passport Number | Driver's License No. | Permit Number
sex: Sex | Gender
marital: Marital Status
age: Age | Age at last birthday
country: Nationality | Citizenship | Country of Birth | Country | Country of Residence
place: Place of Birth | Birthplace | City of Birth
address: Home Address | Permanent Address | Present Address | Current Address | Previous Address
address: Address while at school
phone: Home Telephone | Cell Phone | Work Phone | Emergency Phone | Best number to reach you
job: Occupation | Profession | Present Occupation
company: Employer | Name of Employer | Place of Employment | Landlord | Sponsoring Organization
relation: Relationship | Relationship to Applicant | Relation
money: Annual Income | Application Fee | Monthly Rent | Household Income | Amount of Grant Requested
money: Gross Monthly Income
number: Number of Dependents | Number in Household | Years at Address | No. of Children
number: How many persons live in your household?
choice: Are you a citizen? | Have you ever been convicted? | U.S. Citizen | Veteran | Are you 18 years of age or older?
choice: Do you rent or own? | Have you applied before? | New/Renewal
long_text: Reason for applying | Describe your experience | State any other information
long_text: Please list any special skills | Objectives | Why do you wish to join? | Brief description of proposed work
unit: Height | Weight
color: Eye Color | Hair Color
religion: Religion
column name: Name | Family Member
column relation: Relationship
column age: Age
column job: Occupation
column phone: Telephone
column date: Date of Birth | From | To
[hr]
title: PERSONNEL ACTION FORM | Employment Application | TIME SHEET | Performance Appraisal | Employee Record
title: LEAVE REQUEST | Change of Status | Salary Recommendation | Termination Report | Payroll Deduction Authorization
title: EMPLOYEE EVALUATION | PAY STUB
section: Employee Information | Position Information | Compensation | Reason for Change | Performance Rating
section: Work History | Leave Details | Present Status | Proposed Status | Deductions | Earnings
name: Employee | Employee Name | Supervisor | Reports To | Immediate Supervisor | Rater | HR Representative
name: Replacement For | Interviewer | Department Head
code: Employee ID | Emp. No. | Badge No. | Clock No. | Job Code | Position No. | Payroll No. | Req. # | Grade Level
code: Social Security No.
position: Job Title | Position | Title | Present Position | New Position | Position Applied For | Current Job Title
position: Proposed Title | Classification
department: Department | Dept./Division | From Dept. | To Dept. | Work Unit
date: Date Hired | Hire Date | Date of Hire | Last Day Worked | Date of Termination | Review Date
date: Date of Last Increase | Service Date | Return to Work Date | Next Review | Pay Date | Start of Leave
money: Salary | Present Salary | Proposed Salary | Hourly Rate | Gross Pay | Net Pay | Federal Tax | FICA
money: Overtime Pay | Base Pay | Bonus | Starting Salary | Salary Desired | Increase Amount | Health Insurance | 401(k)
money: Total Deductions | YTD Gross | State Withholding | Minimum | Midpoint
percent: Percent Increase | % Increase | Merit %
number: Hours Worked | Overtime Hours | Regular Hours | Vacation Days Remaining | Days Requested | Total Hours
number: Sick Days Used | Length of Service | Exemptions
period: Pay Period | Rating Period | Leave Period | Length of Employment | Dates of Employment
reason: Reason for Leaving | Reason for Leave | Reason for Absence | Type of Leave | Nature of Action
reason: Reason for Termination
score: Overall Rating | Attendance | Quality of Work | Job Knowledge | Dependability | Initiative | Cooperation
score: Communication Skills | Attitude | Judgment | Leadership | Punctuality
choice: Exempt/Non-exempt | Full-time/Part-time | Eligible for rehire | Shift | Union Member | Employment Type
long_text: Major Accomplishments | Areas for Improvement | Job Responsibilities | Employee Comments | Development Plan
long_text: Supervisor's Comments | Describe duties performed | Principal strengths
column text: Employer | Duties | Task | Factor | Project
column date: From | To | Date
column time: In | Out | Start | Stop
column number: Hours | Reg. | O.T. | Mon | Tue | Wed | Thu | Fri
column money: Salary | Rate | Current | YTD
column score: Rating | Score
column reason: Reason for Leaving
[resume]
title: RESUME | Curriculum Vitae | CURRICULUM VITAE | Biographical Sketch | Personal History | BIOGRAPHICAL DATA
title: Employment History
section: Education | Experience | Work Experience | Employment | Publications | Honors and Awards
section: Professional Memberships | References | Personal | Research Interests | Skills | Military Service
name: Name | Full Name | Thesis Advisor | Reference
date: Birth Date | Date of Birth | Available From
school: College | High School | Graduate School | University | Name of Institution | School Attended
degree: Degree | Major | Field of Study | Highest Degree | Minor | Major Field
period: Years Attended | Employment Dates | Military Service | Dates Attended
position: Present Position | Position Held | Objective | Academic Rank | Title of Position
company: Present Employer | Institution | Last Employer | Name of Company
language: Languages | Languages Spoken | Native Language
score: GPA | Grade Point Average | Class Rank
text: Hobbies | Skills | Computer Skills | Awards | Thesis Title | Honors | Certifications | Specialty | Memberships
text: Military Rank
marital: Marital Status
long_text: Professional Experience | Summary of Qualifications | Research Interests | Career Objective
long_text: Major Research Interest
number: Years of Experience | Typing (wpm) | Number of Publications
column period: Dates | Year(s) | Period
column school: Institution | School
column degree: Degree | Major | Field
column position: Position | Title
column company: Employer | Organization
column place: Location
[school]
title: REPORT CARD | Student Registration | ENROLLMENT FORM | Transcript of Records | PERMISSION SLIP
title: Course Registration | Student Information Card | Class Schedule | Absence Report | PROGRESS REPORT
title: Course Evaluation
section: Student Information | Parent/Guardian | Course Information | Grades | Attendance | Emergency Contacts
section: Academic History | Teacher Comments | First Semester | Medical Information
name: Student Name | Student | Teacher | Parent/Guardian | Homeroom Teacher | Advisor | Instructor | Principal
name: Father's Name | Mother's Name | Parent Signature | Counselor | Emergency Contact Name
code: Student ID | Student No. | Course No. | Section No. | Room | Locker # | School Code | CRN | Bus No.
school: School | School Name | Last School Attended | School District | Transfer From
score: Grade | Final Grade | Conduct | GPA | Reading | Writing | Mathematics | Science | Midterm | Final Exam | Effort
score: Spelling | Citizenship | Test Score | Class Average | Music | Physical Education
subject: Course | Course Title | Subject | Major | Elective
number: Credits | Days Absent | Days Present | Times Tardy | Credit Hours | Class Size | Rank in Class | Semester Hours
date: Enrollment Date | Date of Birth | Graduation Date | Entry Date | Withdrawal Date | Field Trip Date
period: Academic Year | Semester | School Year | Term | Marking Period
choice: Allergies | Bus Rider | Free Lunch | Honor Roll | Permission Granted | Previously enrolled | Promoted
reason: Reason for Absence | Reason for Withdrawal
long_text: Teacher Comments | Special Needs | Comments on progress | What did you like best about this course?
money: Tuition | Lab Fee | Activity Fee | Lunch Balance | Total Fees
column subject: Subject | Course | Course Title
column score: 1st | 2nd | Final | Grade | Exam | Quarter 1
column number: Credits | Absent
column name: Teacher | Instructor
column place: Room
column time: Time | Period
[medical]
title: PATIENT REGISTRATION | Medical History | MEDICAL RECORD | Prescription | Discharge Summary
title: Patient Information Form | CONSENT FORM | Laboratory Requisition | Health Questionnaire | Immunization Record
title: ADVERSE EVENT REPORT | Case Report Form
section: Patient Information | Medical History | Insurance Information | Vital Signs | Current Medications
section: Family History | Diagnosis | Physician Use Only | Treatment | Hospital Course | Social History
section: Referring Physician
name: Patient Name | Patient | Physician | Attending Physician | Referring Doctor | Family Physician | Nurse
name: Responsible Party | Patient's Signature | Next of Kin | Surgeon | Investigator | Examined by | Subject Initials
code: Chart No. | Medical Record No. | MRN | Patient ID | Rx No. | Hospital No. | Provider No. | NPI | DEA No.
code: Room No. | ICD-9 Code | Subject No. | Protocol No.
date: Date of Birth | Date of Visit | Admission Date | Discharge Date | Date of Injury | Date of Onset
date: Date of Last Visit | Next Appointment | Date of Surgery | Last Menstrual Period | Date of Exam
age: Age | Patient's Age
sex: Sex
blood: Blood Type
unit: Height | Weight | Temp. | Pulse | Blood Pressure | Temperature | Respiration | BP | Heart Rate | Urine Output
diagnosis: Diagnosis | Chief Complaint | Primary Diagnosis | Admitting Diagnosis | Allergies | Reason for Visit
diagnosis: Present Illness | Past Medical History | Symptoms | Known allergies | Clinical Impression
diagnosis: Secondary Diagnosis
medicine: Medication | Current Medications | Drug | Drug Name | Prescribed Drug
dosage: Dosage | Dose | Directions | Sig. | Frequency | Daily Dose
number: Refills | No. of Tablets | Cigarettes per day | Drinks per week | Number of Pregnancies | Visit No.
choice: Do you smoke? | Pregnant | Smoker | Diabetes | Heart Disease | Have you ever had surgery?
choice: Are you taking any medication? | Drug Allergies | Inpatient/Outpatient | Family history of cancer
money: Amount Due | Co-pay | Hospital Charges | Insurance Payment | Patient Responsibility | Charges | Adjustment
long_text: History of Present Illness | Physical Examination | Treatment Plan | Doctor's Notes | Operative Findings
long_text: Describe any problems | Recommendations | Hospital Course | Action taken regarding event
department: Clinic | Ward | Service
company: Hospital | Insurance Company | Pharmacy | Laboratory | Facility
column medicine: Medication | Drug | Rx
column dosage: Dose | Dosage | Frequency
column date: Date | Visit Date | Started
column test: Test | Procedure | Exam
column unit: Result | Normal Range | Value
column money: Charge | Payment | Balance
column diagnosis: Condition | Diagnosis
[insurance]
title: INSURANCE CLAIM FORM | Certificate of Insurance | Proof of Loss | CLAIM FOR BENEFITS | Policy Declaration
title: Accident Report | Beneficiary Designation | PREMIUM NOTICE | Application for Insurance
section: Insured | Claimant Information | Policy Information | Loss Details | Beneficiary | Coverage
section: Vehicle Information | Physician's Statement | Patient & Insured Information | Limits of Liability
name: Insured | Policyholder | Insured's Name | Claimant | Beneficiary | Agent | Adjuster | Driver
name: Primary Beneficiary | Contingent Beneficiary | Producer
code: Policy No. | Policy Number | Claim No. | Group No. | Certificate No. | Member ID | Agent Code | Plan Code
code: License Plate | VIN | Police Report No.
money: Premium | Annual Premium | Deductible | Amount of Claim | Coverage Limit | Sum Insured | Amount of Loss
money: Estimated Damage | Face Amount | Benefit Amount | Each Occurrence | General Aggregate | Repair Estimate
money: Total Claimed
date: Date of Loss | Policy Effective Date | Expiration Date | Date of Accident | Renewal Date | Inception Date
date: Date Disability Began | Date First Consulted
period: Policy Period | Coverage Period | Period of Disability
company: Insurance Carrier | Insurer | Underwriter | Company Affording Coverage | Certificate Holder
relation: Relationship to Insured | Relationship
vehicle: Make and Model | Vehicle | Year/Make
choice: Was anyone injured? | Other Insurance | Is condition related to employment? | Auto Accident?
choice: Workers' Compensation | Smoker/Non-smoker
long_text: Description of Accident | Describe how the loss occurred | Nature of Injury | Description of Operations
long_text: Cause of Loss
place: Place of Accident | Location of Loss | Where did accident occur?
percent: Share % | Coinsurance
column text: Type of Insurance | Coverage | Item | Description of Property
column money: Limit | Premium | Value | Amount Claimed
column date: Effective | Expires | Date
column code: Policy Number
"""
