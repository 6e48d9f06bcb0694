"""English forms of authorities, courts and agreements: registrations, contracts, complaints, incidents."""

TEXT = """
[registration]
title: REGISTRATION FORM | Vehicle Registration | Business Registration | Event Registration | CONFERENCE REGISTRATION
title: Trademark Application | Warranty Registration | Product Registration | LOBBYIST REGISTRATION
title: Voter Registration
section: Registrant Information | Attendee Details | Vehicle Description | Business Information | Owner
section: Type of Registration | Fees | Product Information | Client
name: Registrant | Registered Owner | Attendee Name | Name on Badge | Owner's Name | Lienholder | Registered Agent
name: Delegate | Participant
code: Registration No. | License Plate No. | VIN | Trademark No. | Serial Number | Registration Number | Class
code: Application Serial No. | Confirmation Code | Title No. | Badge Number | Tag Number
date: Registration Date | Date of First Use | Date of Purchase | Filing Date | Date of Incorporation | Expires
date: Date Registered | Arrival
company: Business Name | Trade Name | Doing Business As | Organization | Affiliation | Dealer | Legal Name of Business
company: Client Name | Represented Organization
vehicle: Make | Vehicle Make/Model | Body Style | Model
number: Number of Employees | Year | Cylinders | No. of Attendees | Year Established | Odometer Reading
number: Seating Capacity
money: Registration Fee | Late Fee | Total Fees | Purchase Price | Early Bird Rate | Sales Tax Paid
money: Annual Gross Receipts
text: Type of Business | Nature of Business | Goods/Services | Mark | Legislation of Interest | Principal Activity
choice: Type of Ownership | Member/Non-member | Dietary Restrictions | Vegetarian Meal | New or Used
choice: Will attend reception
url: Website | Web Site
email: Contact Email
product: Product Purchased | Where purchased
model: Model Number | Model
column name: Name | Attendee
column text: Session | Title | Description
column date: Date
column money: Fee
column code: Number | Class
[government]
title: Form {code} | APPLICATION FOR PERMIT | DECLARATION | CUSTOMS DECLARATION | Notice of Assessment | TAX RETURN
title: Freedom of Information Request | CERTIFICATE OF RESIDENCE | Export License Application
title: REPORT OF RECEIPTS AND DISBURSEMENTS | Building Permit | Public Records Request
section: FOR OFFICIAL USE ONLY | Part I - Identification | Taxpayer Information | Income | Deductions | Certification
section: Part III. Declaration | Site Information | Penalties | Schedule A | Privacy Act Notice | Agency Use
name: Taxpayer | Taxpayer's Name | Declarant | Spouse | Certifying Officer | Name of Official | Preparer | Filer
name: Inspector | Agency Contact
code: Permit No. | OMB No. | Docket No. | Parcel No. | Certificate Number | License Number | Tax Year | Lot/Block
code: EPA ID | NDC Number | Zoning | SIC Code | Application Number | Entry No. | File Number
citizen: Social Security Number | Taxpayer Identification Number | Your SSN | Spouse's SSN
business: Employer Identification Number | Employer ID No.
company: Agency | Issuing Authority | Name of Facility | Name of Establishment | Issued by | Reporting Entity
company: Name of Committee | Authority
date: Date Issued | Date Filed | Tax Year Ending | Date of Entry | Date of Arrival | Hearing Date | Date of Inspection
money: Wages | Taxable Income | Adjusted Gross Income | Tax Withheld | Refund | Amount You Owe | Penalty
money: Assessed Value | Interest Income | Standard Deduction | Total Tax | Filing Fee | Estimated Value of Work | Duty
money: Total Receipts | Cash on Hand | Total Disbursements | Fine
number: Exemptions | Number of Units | No. of Stories | Number of Dependents Claimed | Family Members Traveling
choice: Filing Status | Amended Return | Occupied | Are you carrying currency over $10,000? | Type of Permit | Resident
choice: Is this an amendment? | First-time filer
unit: Lot Size | Building Height | Floor Area | Square Footage
place: County | Port of Entry | Township | Jurisdiction | Flight/Vessel Arrived From | Precinct | District
address: Address of Property | Project Address | Site Address | Mailing Address (if different) | U.S. Street Address
country: Country of Citizenship | Countries visited on this trip | Residence (Country)
long_text: Description of Work | Reason for request | Describe records requested | Explanation of changes
long_text: Basis for exemption | Statement of facts
column text: Description | Source | Item | Description of Articles
column money: Amount | Tax | Value | Column A | Column B
column code: Line | Schedule | Code
column date: Date | Date Acquired
[complaint]
title: CONSUMER COMPLAINT FORM | Customer Complaint Report | COMPLAINT RECORD | Consumer Inquiry | Customer Feedback
title: Product Complaint | Grievance Form | CONSUMER LETTER RESPONSE | Telephone Complaint Log
section: Complainant | Nature of Complaint | Investigation | Corrective Action | Resolution | Product Information
section: Consumer Data | Follow-up | Response
name: Complainant | Consumer Name | Name of Consumer | Handled by | Received by | Person Complained About
name: Investigated by | Store Manager | Smoker's Name
date: Date of Complaint | Date of Purchase | Date of Incident | Date Answered | Date Closed | Date Letter Received
date: Date Resolved
code: Complaint No. | Case No. | Code on Package | Lot Code | UPC | Ticket ID | Pack Code | Log Number
brand: Brand | Brand Name | Brand Involved | Product Brand
product: Product | Product Name | Item Purchased
text: Nature of Complaint | Type of Complaint | Complaint Category | Type of Defect | Where Purchased
text: Subject of Letter
long_text: Description of Complaint | Describe the problem | Corrective action taken | What resolution do you seek?
long_text: Root Cause | Customer's Statement | Findings | Preventive Action | Details of grievance
choice: Complaint justified | Sample Returned | Refund Requested | Response Required | Letter/Phone | Severity
money: Refund Amount | Purchase Price | Credit Issued | Replacement Value
number: Quantity Defective | Number of Packs Returned | No. of Occurrences | Coupons sent
status: Complaint Status | Disposition
company: Store Name | Dealer | Supplier at Fault
column date: Date | Closed
column text: Complaint | Action | Comment | Defect
column name: By | Handled by | Customer
column code: Case No. | Code
column number: Quantity
column status: Status
[incident_report]
title: INCIDENT REPORT | ACCIDENT REPORT | Injury Report | SECURITY INCIDENT REPORT
title: Supervisor's Accident Investigation | Police Report | Safety Report | Near Miss Report | LOST PROPERTY REPORT
title: Vehicle Accident Report
section: Person Involved | Incident Details | Injury Information | Witnesses | Investigation | Action Taken
section: Property Damage | Vehicle No. 1 | Reporting Officer | Conditions
name: Injured Person | Name of Injured | Reported By | Witness Name | Reporting Officer | Victim | Driver's Name
name: Supervisor Notified | Investigating Officer | Treated by | Person Notified
date: Date of Incident | Date Reported | Date of Injury | Date of Accident | Date Employer Notified
time: Time of Incident | Time | Time Reported | Shift Start Time | Time of Injury | Time Police Notified
place: Location | Exact Location | Place of Accident | Scene | Where did it happen
code: Report No. | Incident No. | Case Number | Driver License No. | OSHA Case No. | Badge #
text: Type of Incident | Part of Body Injured | Nature of Injury | Object Causing Injury | Equipment Involved
text: Road Conditions | Type of Damage | Treatment Given | Items Stolen | Injury Type
weather: Weather | Weather Conditions
long_text: Describe what happened | Description of Incident | How did the injury occur? | Immediate cause
long_text: Action taken to prevent recurrence | Witness Statement | Contributing Factors | Narrative
long_text: What was employee doing when injured?
choice: First Aid Given | Medical Treatment | Lost Time | Police Notified | Was safety equipment used? | Fatality
choice: Photographs taken | Injured?
number: Days Lost | No. of Injured | Speed | Speed Limit | No. of Witnesses
money: Estimated Damage | Cost of Repairs | Property Value
position: Job Title | Occupation of Injured
age: Age
column name: Name | Witness
column phone: Phone
column address: Address
column text: Injury | Action Required | Statement | Item
column date: Target Date
[contract]
title: AGREEMENT | CONTRACT | Lease Agreement | Employment Agreement | NON-DISCLOSURE AGREEMENT | Service Agreement
title: CONTRACT APPROVAL FORM | Contract Summary | License Agreement | BILL OF SALE | Consulting Agreement
title: Contract Transmittal
section: Parties | ARTICLE {small}. {NOUN} | Term | Payment | Termination | Witnesseth | Governing Law
section: Article 1 - Definitions | Schedule 1 | IN WITNESS WHEREOF | Scope of Services | Contract Data
section: Confidentiality
name: Lessor | Lessee | Landlord | Tenant | Seller | Buyer | Licensee | Licensor | Consultant | Guarantor | Witness
name: Grantor | Grantee | Notary Public | Contract Administrator
company: Party A | Party B | First Party | Second Party | Contractor | Subcontractor | Owner | Client
company: Contracting Party | Company Counsel
date: Commencement Date | Contract Date | Date of Execution | Termination Date | Effective Date | Signed on
date: My commission expires | Renewal Date
period: Term | Contract Period | Lease Term | Notice Period | Renewal Term
money: Contract Amount | Contract Price | Monthly Rent | Security Deposit | Consideration | Total Contract Value
money: Retainer | Down Payment | Late Charge | Liquidated Damages | Royalty
code: Contract No. | Agreement No. | Amendment No. | Exhibit | Lease No. | Law Dept. File No.
address: Premises | Property Address | Notice Address | Address of Leased Property | Location of premises
text: Subject of Agreement | Governing Law | Deliverables | Scope of Services | Type of Contract
text: Description of Property | Jurisdiction
long_text: Special Provisions | Scope of Work | Purpose of contract | Conditions | Reason contract is needed
long_text: Obligations of the parties
choice: Renewable | Sole Source | Auto-renewal | Competitive Bid | Insurance Certificate on File | Standard Form
percent: Royalty Rate | Retainage | Late Interest
terms: Payment Schedule | Payment Terms
column text: Milestone | Deliverable | Description
column date: Due Date | Completion
column money: Payment | Amount | Price
column percent: % Complete
[authorization]
title: AUTHORIZATION FORM | Power of Attorney | RELEASE OF INFORMATION | Purchase Authorization
title: AUTHORIZATION TO PROCEED | Approval Form | Consent and Release | Media Authorization | PROJECT AUTHORIZATION
title: Signature Authorization | ADVERTISING AUTHORIZATION | Document Clearance Sheet
section: Authorization | Approvals | Release To | Information to be Released | Acknowledgement | Reviewers | Routing
section: Required Signatures | Person Authorized | Concurrence
name: Authorized Representative | I hereby authorize | Grantor | Authorized By | Released To | Attorney-in-Fact
name: Legal Approval | Client Approval | Author(s) | Product Manager | Account Executive | Agency Approval
name: Brand Group | V.P. Marketing | Signature of Parent
initials: Legal | Finance | Marketing | Mgr. | R&D | Approved | Initial | Q.A. | Director | Group Mgr. | Concur
initials: Purchasing
date: Authorization Date | Date Approved | Date Released | Valid From | Valid Through | Expires | Closing Date
date: On-Sale Date
code: Authorization No. | Approval Number | Job No. | Estimate No. | Commitment No. | Clearance No.
code: Insertion Order No. | Issue No.
money: Amount Authorized | Spending Limit | Gross Cost | Net Cost | Maximum Amount | Authorized Amount
money: Previous Authorization
brand: Brand | Brand/Product
media: Medium | Media
publication: Publication | Magazine | Newspaper | Journal
text: Information to be Released | Purpose of Disclosure | Title of Paper | Position | Ad Caption | Unit | Space/Color
text: Presented at | Document Title | Headline | Market Area | Copy
number: Circulation | Copies Required | No. of Insertions | Number of pages
choice: Approved as submitted | Revocable | Approval required by | Type of Release | Approved with changes
long_text: Abstract | Remarks and conditions | Background and rationale | Description of Authorization
column name: Name | Approver
column initials: Initials | Signature
column date: Date | Issue Date
column publication: Publication
column money: Gross | Net | Cost
column text: Comments | Space
"""
