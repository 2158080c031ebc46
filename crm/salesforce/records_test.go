package salesforce

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// byKey finds a record by its external ID, in any case.
func (o *org) byKey(object, key string) (string, entry) {
	for id, r := range o.objects[object] {
		if strings.EqualFold(text(r, keyField), key) && key != "" {
			return id, r
		}
	}
	return "", nil
}

func (o *org) upsert(object, key string, fields map[string]any) (id string, created bool, fail *failed) {
	if key == "" || len(key) > 40 {
		return "", false, &failed{400, "MALFORMED_ID", "malformed key " + key}
	}
	if o.cut && o.left == 0 {
		return "", false, &failed{400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"}
	}
	if o.refused[key] {
		return "", false, &failed{400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "No swearing in our CRM."}
	}
	if _, twice := fields[keyField]; twice {
		return "", false, &failed{400, "INVALID_FIELD", "The " + keyField + " field should not be specified in the sobject data."}
	}
	id, known := o.byKey(object, key)
	if known != nil {
		fail = o.update(object, id, fields, us)
	} else {
		fields = maps.Clone(fields)
		fields[keyField] = key
		id, fail = o.create(object, fields, us)
	}
	if fail != nil {
		return "", false, fail
	}
	o.left--
	return id, known == nil, nil
}

// prefixes are the first three characters of IDs.
var prefixes = map[string]string{"Contact": "003", "Account": "001", caseObject: "500", leadObject: "00Q", commentObject: "00a", interactionObject: "a01"}

func (o *org) create(object string, fields map[string]any, by string) (string, *failed) {
	record := entry{"CreatedById": by, "OwnerId": by}
	if object == "Account" {
		record["IsPersonAccount"] = true
	}
	if fail := o.setAll(object, record, fields, by); fail != nil {
		return "", fail
	}
	for _, required := range map[string][]string{
		"Contact": {"LastName"}, "Account": {"LastName"}, leadObject: {"LastName", "Company"}, commentObject: {"Parent"}, interactionObject: {"Social_Case__r"},
	}[object] {
		if record[required] == nil {
			return "", &failed{400, "REQUIRED_FIELD_MISSING", "Required fields are missing: [" + required + "]"}
		}
	}
	o.ids++
	id := longID(fmt.Sprintf("%sQy%010d", prefixes[object], o.ids))
	record["Id"] = id
	o.objects[object][id] = record
	return id, nil
}

func (o *org) update(object, id string, fields map[string]any, by string) *failed {
	record, known := o.objects[object][longID(id)]
	switch {
	case object == leadObject && o.converted:
		return &failed{400, "CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead"}
	case !known:
		return &failed{404, "ENTITY_IS_DELETED", "entity is deleted"}
	}
	next := maps.Clone(record)
	if fail := o.setAll(object, next, fields, by); fail != nil {
		return fail
	}
	o.objects[object][longID(id)] = next
	return nil
}

// remove deletes a record with what hangs below it.
func (o *org) remove(object, id string) *failed {
	id = longID(id)
	if _, known := o.objects[object][id]; !known {
		return &failed{404, "ENTITY_IS_DELETED", "entity is deleted"}
	}
	if object == "Contact" || object == "Account" {
		for _, c := range o.objects[caseObject] {
			if c["Contact"] == id || c["Account"] == id {
				return &failed{400, "DELETE_FAILED", "Your attempt to delete the record could not be completed because it is associated with cases."}
			}
		}
	}
	delete(o.objects[object], id)
	for child, all := range relations {
		for relation, to := range all {
			if to[0] == object {
				maps.DeleteFunc(o.objects[child], func(_ string, r entry) bool { return r[relation] == id })
			}
		}
	}
	return nil
}

func (o *org) setAll(object string, record entry, fields map[string]any, by string) *failed {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fail := o.set(object, record, name, fields[name]); fail != nil {
			return fail
		}
	}
	record["SystemModstamp"], record["LastModifiedById"] = o.now().Format("2006-01-02T15:04:05.000+0000"), by
	return nil
}

func (o *org) set(object string, record entry, name string, value any) *failed {
	for relation, to := range relations[object] {
		switch name {
		case relation:
			target, _ := value.(map[string]any)
			key, _ := target[keyField].(string)
			id, there := o.byKey(to[0], key)
			if there == nil {
				return &failed{400, "INVALID_FIELD", fmt.Sprintf("Foreign key external ID: %s not found for field %s in entity %s", key, keyField, to[0])}
			}
			o.used[object+"."+to[1]] = true
			record[relation] = id
			return nil
		case to[1]:
			id, _ := value.(string)
			if _, there := o.objects[to[0]][longID(id)]; !there {
				return &failed{400, "INVALID_CROSS_REFERENCE_KEY", name + ": invalid cross reference id"}
			}
			record[relation] = longID(id)
			return nil
		}
	}
	f, known := schema()[object][name]
	if !known {
		return &failed{400, "INVALID_FIELD", "No such column '" + name + "' on sobject of type " + object}
	}
	o.used[object+"."+name] = true
	if fail := f.refuse(name, value); fail != nil {
		return fail
	}
	record[name] = value
	return nil
}

// text returns a field of a record.
func text(record entry, name string) string {
	s, _ := record[name].(string)
	return s
}

// record returns a copy of a record, with the keys of those that it leads to.
func (o *org) record(object, key string) (entry, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, r := o.byKey(object, key)
	if r == nil {
		return nil, false
	}
	r = maps.Clone(r)
	for relation, to := range relations[object] {
		r[relation] = text(o.objects[to[0]][text(r, relation)], keyField)
	}
	return r, true
}
