/** How does a project begin? A name, a guideline and a form, from a template or as JSON. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { useLocation } from "wouter";
import { messageOf, post } from "../api/client";
import type { Form, Project } from "../api/types";
import { Dialog } from "../app/Dialog";
import { TEMPLATES, formFrom, linesOf, type Template, type TemplateFields } from "./templates";

const FIELDS: TemplateFields = { title: "", options: "", min: "1", max: "5", unit: "" };

export function CreateProjectDialog({ close }: { close: () => void }) {
  const [, go] = useLocation();
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [instruction, setInstruction] = useState("");
  const [template, setTemplate] = useState<Template>(TEMPLATES[0] as Template);
  const [fields, setFields] = useState(FIELDS);
  const [json, setJson] = useState<string | null>(null);
  const [wanted, setWanted] = useState("1");
  const [problem, setProblem] = useState<string | null>(null);

  const create = useMutation({
    mutationFn: (form: Form) =>
      post<Project>("/api/projects", { name: name.trim(), instruction, form, policy: { answers: Number(wanted) } }),
    onSuccess: async (project) => {
      await client.invalidateQueries({ queryKey: ["projects"] });
      close();
      go(`/p/${project.slug}`);
    },
  });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    if (name.trim() === "") return setProblem("Give the project a name.");
    if (json === null) {
      if (template.needs.includes("options") && linesOf(fields.options).length < 2) return setProblem("Write at least two options, one a line.");
      return create.mutate(formFrom(template, fields));
    }
    try {
      create.mutate(JSON.parse(json) as Form);
    } catch (error) {
      setProblem(`The form is not JSON: ${messageOf(error)}`);
    }
  };

  const failure = problem ?? (create.isError ? messageOf(create.error) : null);
  return (
    <Dialog title="New project" close={close} wide>
      <form onSubmit={submit} noValidate>
        <label htmlFor="project-name">Name</label>
        <input id="project-name" type="text" autoComplete="off" value={name} onChange={(event) => setName(event.target.value)} />
        {json === null ? (
          <TemplateForm template={template} choose={setTemplate} fields={fields} change={setFields} />
        ) : (
          <>
            <label htmlFor="project-form">Form, as JSON</label>
            <textarea id="project-form" className="code" rows={12} spellCheck={false} value={json} onChange={(event) => setJson(event.target.value)} />
          </>
        )}
        <button
          type="button"
          className="plain"
          onClick={() => setJson(json === null ? JSON.stringify(formFrom(template, fields), null, 2) : null)}
        >
          {json === null ? "Write the form as JSON" : "Back to the templates"}
        </button>
        <label htmlFor="project-instruction">Guideline for those who answer</label>
        <textarea id="project-instruction" rows={4} value={instruction} onChange={(event) => setInstruction(event.target.value)} />
        <label htmlFor="project-answers">Answers wanted for each task</label>
        <input id="project-answers" type="number" min={1} max={100} className="short" value={wanted} onChange={(event) => setWanted(event.target.value)} />
        {failure !== null && (
          <p className="problem" role="alert">
            {failure}
          </p>
        )}
        <footer>
          <button type="submit" className="primary" disabled={create.isPending}>
            Create the project
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

interface TemplateFormProps {
  template: Template;
  choose: (template: Template) => void;
  fields: TemplateFields;
  change: (fields: TemplateFields) => void;
}

function TemplateForm({ template, choose, fields, change }: TemplateFormProps) {
  return (
    <>
      <fieldset className="templates">
        <legend>What is asked?</legend>
        {TEMPLATES.map((offered) => (
          <label key={offered.kind} className="template">
            <input type="radio" name="template" checked={offered === template} onChange={() => choose(offered)} />
            <span>{offered.title}</span>
          </label>
        ))}
      </fieldset>
      <label htmlFor="question-title">The question</label>
      <input
        id="question-title"
        type="text"
        autoComplete="off"
        placeholder={template.example}
        value={fields.title}
        onChange={(event) => change({ ...fields, title: event.target.value })}
      />
      {template.needs.includes("options") && (
        <>
          <label htmlFor="question-options">Options, one a line</label>
          <textarea id="question-options" rows={4} value={fields.options} onChange={(event) => change({ ...fields, options: event.target.value })} />
        </>
      )}
      {template.needs.includes("range") && (
        <div className="row">
          <label htmlFor="question-min">From</label>
          <input id="question-min" type="number" className="short" value={fields.min} onChange={(event) => change({ ...fields, min: event.target.value })} />
          <label htmlFor="question-max">to</label>
          <input id="question-max" type="number" className="short" value={fields.max} onChange={(event) => change({ ...fields, max: event.target.value })} />
        </div>
      )}
      {template.needs.includes("unit") && (
        <>
          <label htmlFor="question-unit">Unit, if any</label>
          <input id="question-unit" type="text" className="short" value={fields.unit} onChange={(event) => change({ ...fields, unit: event.target.value })} />
        </>
      )}
    </>
  );
}
