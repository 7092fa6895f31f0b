"""Words to patients: drafts that a person may use, in the patient's language; never sent by us."""
