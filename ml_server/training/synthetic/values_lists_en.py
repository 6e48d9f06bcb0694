"""English words and phrases that answers are made of. ``{name}`` stands for another list or for a kind of value."""

TEXT = """
adjective: final | initial | proposed | actual | estimated | total | current | previous | annual | monthly | additional
adjective: revised | standard | primary | secondary | special | regular | temporary | permanent | internal | external
adjective: national | regional | local | official | preliminary | complete | partial | available | required | approved
adjective: maximum | minimum | average | net | gross | new | existing | technical | general | chemical | physical
adjective: medical | direct | joint | commercial | major | minor | common | emergency | alternate | responsible
adjective: authorized
noun: product | material | sample | test | project | report | order | account | item | brand | market | package | store
noun: shipment | supplier | customer | employee | department | contract | budget | cost | price | program | study
noun: method | result | analysis | sales | unit | equipment | machine | filter | blend | carton | label | paper
noun: flavor | process | request | document | file | copy | date | time | location | region | agency | research
noun: design | service | meeting | inspection | vehicle | plant | laboratory | committee | panel | survey | campaign
noun: promotion | coupon | display | license | patent | policy | claim | patient | treatment | student | school
noun: course | grade | agreement | property | payment | invoice | delivery | storage | temperature | pressure
noun: moisture | weight | length | color | source | water | animal | dose | group | control | compound | solution
noun: species | exposure | media | circulation | space | theme
verb: review | submit | prepare | approve | return | evaluate | compare | measure | record | replace | deliver
verb: install | collect | distribute | confirm | complete | verify | conduct | revise | update | examine | report
verb: forward | ship | determine | reduce | improve | test | develop | support | purchase | transfer | inspect
verb: discuss | maintain | obtain
adverb: promptly | immediately | carefully | directly | weekly | monthly | properly | separately | jointly | shortly
department: Sales | Marketing | Accounting | Engineering | Purchasing | Personnel | Research & Development | R&D
department: Legal | QA | Quality Control | Production | Human Resources | Information Systems | Public Affairs
department: Finance | Shipping | Customer Service | Corporate Communications | Brand Management | Media Planning
department: Analytical Chemistry | Tax | Toxicology | Manufacturing | Facilities | Law Department | Regulatory Affairs
department: Field Sales | Admissions
position: Manager | Director | Vice President | Supervisor | Clerk | Analyst | Engineer | Secretary | Assistant
position: Chemist | Sr. Manager | Brand Manager | Account Executive | President | Treasurer | Coordinator | Technician
position: Counsel | Section Head | Project Leader | Division Manager | Chief Engineer | Field Representative | Buyer
position: Teacher
product: {adjective} {noun} kit | Copy paper | Toner cartridge | Steel bolt M8 | Desk lamp | Filter rods
product: Shipping cartons | Office chair | Laser printer | Hand sanitizer | Coffee beans 1kg | USB cable
product: Menthol King Size | Cotton gloves | Point-of-sale display | Counter card | Packing tape | LED panel
product: Ball valve | Bearing 6204 | Hydraulic hose | Bottled water | Green tea | Sandwich | Latte | Chicken salad
product: Notebook A5 | Printer paper | Safety helmet | Software license | Annual support plan | Consulting services
product: Installation labor | Freight | Circuit board | Poster 24x36 | Gas chromatograph column | Test tubes
product: Sodium chloride | Acetone | Glass vials | Oil filter | Brochure printing | Coupon handling | Photography
product: Storage rack | Rubber gasket | Air freshener | Sugar 5 lb
reason: Annual leave | Replacement of worn parts | Customer request | Lack of stock | Price change | Sick leave
reason: Overtime | Defective on arrival | Relocation | New project | Training | Budget overrun | Duplicate billing
reason: Late delivery | To {verb} the {noun} | {adjective} {noun} not available | Change in {noun} {noun}
reason: Per your request | For review
purpose: Business travel | Market research | Equipment purchase | To {verb} {adjective} {noun} | Proof of employment
purpose: To determine the effect of {noun} on {noun} | To {verb} and {verb} the {noun} | Client meeting | Visa
purpose: Personal
method: Air freight | Cash | Check | Wire transfer | Credit card | UPS Ground | Federal Express | Telephone interview
method: Fax | First class mail | Visa | Direct deposit | Mall intercept | Hand carry | Truck | Ocean | COD
method: Gas chromatography
terms: Net 30 | Net 30 days | 2/10 Net 30 | Due on receipt | FOB Destination | FOB Shipping Point | CIF | Net 60
terms: Prepaid | 50% deposit, balance on delivery | C.O.D. | EXW | Payable in advance | 30 days from date of invoice
terms: DDP | CFR
status: Open | Closed | Pending | Approved | Completed | In progress | Active | Cancelled | On hold | Draft | Final
status: Rejected
choice: Yes | No | X | N/A | Male | Female | M | F | Single | Married | Full time | Part time | New | Renewal
choice: Original | Copy | Urgent | Routine | Confidential | Pass | Fail | Domestic | Export | High | Medium | Low | OK
choice: Accept | None
color: Black | White | Red | Blue | Green | Silver | Gold/white | Light brown | Clear | 4-color | PMS 286 | Dark blue
material: Stainless steel | Polypropylene | Cotton | Aluminum | Glass | Paper board | Cellulose acetate | Leather | ABS
school: {last} University | {last} High School | State University | {city} Community College | {last} Elementary School
degree: B.S. | B.A. | M.B.A. | Ph.D. | High School Diploma | Associate | Chemistry | Business Administration
degree: Economics
bank: First National Bank | {last} Savings Bank | {city} Trust Company | {last} & {last} Bank | Farmers Bank
vehicle: 1994 Ford Taurus | Toyota Camry | Van | Truck | Honda Civic | 1998 Chevrolet Malibu | Forklift | Company car
diagnosis: Hypertension | Acute bronchitis | Type 2 diabetes | Lower back pain | Fracture of left wrist | Migraine
diagnosis: Asthma | Seasonal allergy | Gastritis | Otitis media | Anemia | No known allergies | Sprained ankle
diagnosis: Influenza
medicine: Ibuprofen | Amoxicillin | Acetaminophen | Metformin | Lisinopril | Aspirin | Penicillin | Prednisone
medicine: Insulin
test: Tensile strength | Moisture content | pH | Viscosity | Nicotine | Tar | Ash content | Hardness | Draw resistance
test: Odor | Appearance | Leak test | Visual inspection | Total nitrogen | Flash point | Hemoglobin | Glucose
test: Cholesterol | Ames | Specific gravity | Burn rate | Color fastness | Particle size | Drop test | Ventilation
test: Solubility | Lead | Sugars
subject: {noun} {noun} | {adjective} {noun} for {noun} | Proposed {noun} {noun} | Mathematics | Chemistry | {catch}
subject: Re: {noun} {noun} {year} | {adjective} {noun} {noun} | Status of {noun} {noun} | {year} {noun} plan | Biology
project: Project {last} | {adjective} {noun} study | {noun} {noun} test | {city} test market | Phase II {noun}
project: {catch}
brand: {last} | {last} Lights | {last} Gold | {city} | {last}'s | {last} Classic | {last} 100's | {last} Menthol
brand: {noun}
publication: {city} Times | {noun} Weekly | {last} Journal | The {city} Herald | Journal of {noun} Science
publication: {noun} News
media: Newspaper | Magazine | Outdoor | Radio | Direct mail | Television | 4/C page | Black & white | Point of sale
media: Web
relation: Father | Mother | Spouse | Son | Daughter | Self | Brother | Guardian | Friend | Employer | Attorney
relation: Neighbor
size: King | Regular | 100's | Small | Medium | Large | XL | 12 oz. | 16 oz. | Soft pack | Box | Carton of 10 | Case
weather: Clear | Cloudy | Rain | Sunny | Snow | Windy, 45F | Humid
sex: Male | Female | M | F
religion: None | Protestant | Catholic | Buddhist
marital: Single | Married | Divorced | Widowed
blood: A | B | O | AB | O+ | A+ | B- | AB+
language: English | Spanish | Korean | French | German | Japanese
text: {adjective} {noun} | {noun} {noun} | {catch} | {adjective} {noun} and {noun} | {Verb} {noun} | {noun} of {noun}
text: {word} | {Verb} {adverb} | See attached | See attached {noun} | {noun} | {adjective} | Not applicable
text: To be determined | TBD | {word} {word} | {word} {word} {word} | as above | Same | None | See reverse side
text: {noun}, {noun} | {department} {noun} | Per {name} | cc: {name} | {bs} | {noun} #{small} | {city} {noun}
text: {company} | {adjective} {noun} ({noun}) | Unknown
blank: N/A | None | - | -- | X | ? | n/a | 0 | same | NONE | --- | ✓ | TBD
"""
