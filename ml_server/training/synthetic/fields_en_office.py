"""English papers of an office: faxes, memos, meetings, surveys."""

TEXT = """
[fax]
title: FAX | Fax Cover Sheet | FACSIMILE TRANSMITTAL | FAX TRANSMISSION | Telecopy Cover Sheet | FACSIMILE COVER PAGE
title: TELECOPIER TRANSMISSION | Facsimile | TELEFAX | FACSIMILE MESSAGE | Fax Message | TRANSMITTAL SHEET
section: MESSAGE | CONFIDENTIALITY NOTICE | Comments | To | From | PLEASE DELIVER IMMEDIATELY | Note
section: Please deliver the following pages to | IMPORTANT | MESSAGE/INSTRUCTIONS
name: To | From | TO | FROM | Attention | cc | Sent by | Recipient | Sender | Please deliver to | Deliver to | Attn.
name: Operator | Fax operator | Sender's name | ATTN | CC | Client/Matter Name | Recipient's Name
company: Company | Firm | Organization | Company/Firm | COMPANY | Of
phone: Fax | Fax Number | Phone | Fax # | FAX NO. | Telephone | Telecopy No. | Fax Phone | Telephone Number | Voice
phone: Direct Dial | Sender's Fax | Facsimile Number | Telephone No. to confirm | Telecopier # | Phone Number of sender
phone: Main Number | If you do not receive all pages, please call | Confirmation No. | FAX NUMBER | Verification No.
phone: Return Fax
number: Pages | No. of Pages | Total number of pages including this page | Number of pages (including cover)
number: Pages to follow | Total Pages | NUMBER OF PAGES INCLUDING COVER SHEET | # of pages
number: Number of pages transmitted | Pages including cover | We are transmitting (number of pages)
date: Date | DATE | Date sent | Date Transmitted
time: Time | TIME | Time Sent | Hour
subject: Re | Subject | RE | SUBJECT | Regarding | Message re
code: Client/Matter No. | Client No. | Our File | Matter No. | Charge No. | User Number | Client/Matter | Job code
code: Request No.
place: City | Location | Floor | City/State | Office
choice: Urgent | For Review | Please Comment | Please Reply | Original to follow | Please Recycle | Hard copy to follow
choice: For Your Information | Reply Requested | Sending original by mail
text: Comments | Notes | Remarks | Special Instructions | Machine type | Special handling instructions
text: Delivery Instructions
long_text: Message | Comments | MESSAGE | Notes/Comments | Additional comments
department: Department | Dept. | Mail Stop
column name: Name | To
column company: Company | Firm
column phone: Fax No. | Telephone | Confirmation
column number: Pages
column time: Time | Start
[memo]
title: MEMORANDUM | MEMO | Inter-Office Memorandum | INTEROFFICE CORRESPONDENCE | Office Memo | INTER-OFFICE MEMO
title: Internal Correspondence | Memorandum for the Record | ROUTING SLIP | Telephone Message | WHILE YOU WERE OUT
title: NEWS RELEASE | Speed Letter | BUSINESS LETTER | ACTION REQUEST
section: Background | Action Required | Recommendation | Discussion | Summary | Distribution | Conclusions | Next Steps
section: Objective | Issue | Status | Key Points
name: To | From | TO | FROM | cc | CC | Copies to | Distribution | Through | Author | Copy to | xc | bcc | Writer
name: Dictated by | Message for | Caller | Taken by | c | Attn | Route to | Mr./Ms. | Signed
date: Date | DATE | Date Typed | Date of this notice | Written on | Date Dictated | Please reply by | For release
subject: Subject | Re | SUBJECT | RE | Subj. | Topic | Project | Reference | In re
department: Department | From (Dept.) | Location | Office of | Dept./Location
code: File | File No. | Our reference | Your reference | Doc. No. | Accession No. | Typist | Ref
choice: For your information | For approval | Please return | As requested | For signature | Note and file | Telephoned
choice: Will call again | Please call | Returned your call | Urgent | Prepare reply | Necessary action
choice: Per conversation | Classification
phone: Phone | Extension | Telephone
text: Enclosure | Attachments | Action | Period Covered | Comments | Issue | Encl. | Security Classification
long_text: Message | Background | Recommendation | Reply | Discussion | Summary | Objective
time: Time | Time of call
column name: Name | Assigned | To
column date: Date | Due
column text: Action | Item | Subject | Comment
column status: Status
[meeting]
title: MEETING MINUTES | Minutes of Meeting | AGENDA | Meeting Agenda | CONFERENCE REPORT | Meeting Report
title: CALL REPORT | Attendance Sheet | Contact Report | Meeting Notice | COMMITTEE REPORT | PROGRAM SCHEDULE
title: Speaker Information
section: Attendees | Agenda | Action Items | Discussion | Decisions | Next Meeting | Old Business | New Business
section: Call to Order | Adjournment | Present | Absent | Key Decisions | Follow-up | Items Discussed | Welcome
name: Chairperson | Chair | Recorder | Facilitator | Called by | Minutes by | Note Taker | Secretary | Speaker
name: Moderator | Presenter | Host | Prepared by | Guest Speaker | Contact Name | Organizer | Timekeeper | Presiding
names: Present | Attendees | Absent | In Attendance | Participants | Those present | Excused | Members Present
names: Others present | Distribution | Copies
date: Meeting Date | Date of Meeting | Next Meeting | Date | Date of Contact | Date of Report | Previous Meeting
date: RSVP by
time: Start Time | End Time | Time | Adjourned at | Called to order at | Meeting Time | Finish | Registration Opens
place: Location | Place | Venue | Meeting Place | Room | Conference Room | Where
subject: Subject | Topic | Purpose of Meeting | Agenda Item | Meeting Title | Title of Presentation | Objective
subject: Type of Meeting | Session
company: Client | Organization | Hosted by | Committee | Sponsoring Agency
number: Number Attending | Quorum | Meeting No. | Expected Attendance | Votes For | Votes Against
text: Audio-Visual Requirements | Motion | Materials to bring | Type of Function | Room Set-up
long_text: Summary of Discussion | Decisions Made | Conclusions | Action Taken | Discussion | Points raised
long_text: Follow-up required
choice: Motion Carried | Will Attend | Lunch | Quorum Present
column subject: Agenda Item | Topic | Issue | Subject
column name: Owner | Presenter | Responsible | Speaker | Name
column date: Due | Deadline | Target Date
column time: Time | From | Allotted
column text: Action Item | Decision | Discussion | Outcome
column status: Status
column place: Room
[survey]
title: QUESTIONNAIRE | Survey | CUSTOMER SATISFACTION SURVEY | Opinion Survey | Consumer Questionnaire
title: SCREENING QUESTIONNAIRE | Employee Survey | Reader Survey | INTERVIEW RECORD | Evaluation Form | SMOKER SURVEY
title: Feedback Form | Exit Interview | Warranty Card Survey
section: About You | Section A: Usage | Demographics | SCREENER | Instructions to Interviewer | Part 2. Opinions
section: Rating | CLASSIFICATION | Household Information | Usual Brand | Q.{small}-{small} | Overall Evaluation
section: Please tell us about yourself
name: Respondent | Name of Respondent | Interviewer | Validated by | Edited by | Field Supervisor | Interviewer's Name
name: Person interviewed | Coded by
code: Respondent No. | Questionnaire No. | Card # | Sample Point | Interviewer ID | Study No. | Job # | Quota Group
code: Panel No. | Cell No.
date: Interview Date | Date of Interview | Date Validated | Date Completed
time: Time Started | Time Ended | Length of Interview | Time Began
age: Age | What is your age? | Age Group | Your age
sex: Sex | Gender | Are you male or female?
number: Number of people in household | How many cups per day? | How often do you shop? | Number of children under 18
number: Cigarettes smoked per day | How many times in the last month? | Packs per week | Years with company
number: Number of cars owned
brand: Usual Brand | Brand Smoked Most Often | Previous Brand | What brand do you buy most often? | Brand Preferred
brand: Second Choice Brand | Last brand purchased | Regular Brand
score: Overall Rating | Taste | Satisfaction | Overall Satisfaction | Appearance | Value for Money | Quality
score: Courtesy of staff | Likelihood to recommend | Cleanliness | Strength | Mildness | Purchase Intent | Aftertaste
score: Ease of use | Speed of Service | Harshness | How would you rate the product?
choice: Have you ever used this product? | Would you recommend us? | Do you own your home? | Employment Status
choice: Education | Are you the head of household? | Income Range | How did you hear about us? | Marital Status
choice: Would you buy it again? | Race | Did you notice any difference? | Do you plan to purchase?
text: What do you like most? | Why did you choose this product? | Favorite magazine | Where did you buy it?
text: Occupation | What did you dislike? | Other reasons | What one thing would you change?
text: Radio station listened to most
long_text: Comments and suggestions | Please explain | What can we do to improve? | Any other comments?
long_text: Why do you say that? | Probe | What does the advertisement tell you? | Record verbatim
long_text: In your own words, describe the product | What, if anything, did you dislike?
money: Annual Household Income | Monthly spending | How much did you pay?
phone: Telephone | Area Code/Phone
place: Market | City/Market | Mall | Interviewing Location
column text: Statement | Question | Attribute | Reason
column score: Rating | Excellent | Good | Fair | Poor | Very Satisfied
column number: Total | Men | Women | Base | Under 35 | 35+
column percent: % | Male | Female | Users | Non-users
column brand: Brand
[advertising]
title: MEDIA PLAN | Advertising Schedule | INSERTION ORDER | Print Advertising Order | PROMOTION PLAN
title: Coupon Redemption Report | Marketing Calendar | SPACE CONTRACT | Outdoor Advertising Contract | Press Release
title: Retail Program Summary | DISPLAY ORDER FORM | Promotion Evaluation
section: Media Schedule | Creative | Rate Information | Distribution | Offer | Program Overview | Objectives
section: Promotion Details | Timing | Geography | Materials | Retail Support | Coupon Information
brand: Brand | Brand Name | Advertised Brand | Competitive Brand | Product Line
publication: Publication | Magazine | Paper | Vehicle | Newspaper Name
media: Media | Medium | Media Type | Vehicle Type
company: Agency | Advertiser | Distributor | Fulfillment House | Printer | Retail Account | Chain | Supplier
date: Issue Date | Closing Date | On-Sale Date | Start of Promotion | Drop Date | Expiration Date | Insertion Date
date: Launch Date | Coupon Expiration | Space Closing | Materials Due
money: Gross Rate | Net Rate | Coupon Value | Face Value | Cost per Thousand | Total Media Cost | Production Cost
money: Open Rate | Handling Fee | Agency Fee | Total Promotion Cost | Cost Per Redemption | Slotting Allowance
number: Circulation | Number of Insertions | Quantity Printed | Impressions | Frequency | Reach | No. of Stores
number: Coupons Issued | Coupons Redeemed | Displays Shipped | Number of markets | GRPs
percent: Redemption Rate | Agency Discount | % Coverage | Market Share | Distribution % | Bleed Premium
text: Offer | Headline | Creative Execution | Ad Title | Position Requested | Theme | Target Audience | Premium Offered
text: Type of Display | Event | Incentive | Copy Claim | Caption | Warning Statement
size: Space | Ad Size | Unit | Size
color: Color | Color/B&W | Space/Color
place: Market | Region | Sales Area | Territory | City/State | Test Market
period: Flight Dates | Promotion Period | Duration | Timing | Program Dates
name: Media Buyer | Brand Manager | Account Executive | Field Contact | Space Rep. | Art Director
long_text: Objective | Program Description | Strategy | Positioning | Results | Method of Distribution
long_text: Retailer Acceptance
column publication: Publication | Vehicle
column date: Issue Date | Insertion | On Sale
column money: Cost | Gross Cost | Rate | Net
column number: Circulation | Quantity | Stores | Insertions
column brand: Brand
column place: Market | Region
column percent: Share | Redemption | Dist.
column size: Space
"""
